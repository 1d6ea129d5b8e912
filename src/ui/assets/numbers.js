// The numbers of an account: how good, how fast, how much waits.

import { path, post } from "./api.js";
import { button } from "./confirm.js";
import { code, empty, h } from "./dom.js";
import { table } from "./table.js";
import { badge, count, said, when } from "./words.js";

const digits = (number) => String(number.display_phone_number ?? "").replace(/\D/g, "");

export function numbers({ id, snapshot, numbers: lives, sends, holds, delivery_holds: paused = [] }, again) {
  const all = (snapshot?.phone_numbers ?? []).map((number) => ({
    ...number,
    life: lives[digits(number)] ?? {},
    send: sends[number.id] ?? {},
  }));
  if (!all.length)
    return empty("Meta shows no number of this account.", "Add one in WhatsApp Manager, then “Refresh”.");
  const isHeld = (number) =>
    holds.some((hold) => hold.scope === "number" && hold.name === number.id && hold.cause === "operator");
  const isPaused = (number) => paused.some((hold) => hold.number === number.id && !hold.route);
  return table(
    "Numbers",
    [
      [
        "Number",
        (number) =>
          h(
            "span",
            { class: "lead" },
            h("b", {}, number.display_phone_number ?? number.id),
            h("small", {}, number.verified_name ?? "", " ", code(number.id)),
          ),
      ],
      ["Quality", ({ life, quality_rating }) => quality(life.quality?.what ?? quality_rating)],
      [
        "State",
        (number) =>
          number.life.offboarded
            ? badge("bad", "offboarded")
            : badge(number.status === "CONNECTED" ? "ok" : "warn", said((number.status ?? "not known").toLowerCase())),
      ],
      [
        "Throughput",
        ({ life, throughput }) => said((life.throughput?.what ?? throughput?.level ?? "–").toLowerCase()),
        "number",
      ],
      ["Pace", ({ send }) => (send.limit ? pace(send) : "–"), "number"],
      [
        "Queue",
        ({ send }) =>
          h(
            "span",
            { class: "lead" },
            count(send.queued),
            send.oldest_queued_at && h("small", {}, "oldest ", when(send.oldest_queued_at)),
          ),
        "number",
      ],
      ["Sends", (number) => toggle(id, "sends", number.id, isHeld(number), again)],
      ["Deliveries", (number) => toggle(id, "deliveries", number.id, isPaused(number), again)],
    ],
    all,
  );
}

const QUALITY = { GREEN: "ok", HIGH: "ok", YELLOW: "warn", MEDIUM: "warn", RED: "bad", LOW: "bad", FLAGGED: "bad" };
const quality = (word) =>
  word ? badge(QUALITY[word.toUpperCase()] ?? "idle", said(word.toLowerCase())) : badge("idle", "not rated");

/** `rate` is what may leave now, `limit` is Meta's figure: lower means that Meta said to go slower. */
function pace({ rate, limit }) {
  const text = `${count(rate)} of ${count(limit)}/s`;
  return rate < limit * 0.85 ? badge("warn", text, "Meta asked for less: it grows again by itself") : text;
}

const SAYS = {
  sends: "Messages are still accepted and wait in the queue; none is lost. Those that age out expire.",
  deliveries: "No route gets what comes to this number. Events are kept and wait in their order; none ages meanwhile.",
};

function toggle(waba, what, number, held, again) {
  const [word, label] = held ? ["resume", "Resume"] : ["pause", "Pause"];
  const does = () =>
    post(path("accounts", waba, word), { what, number }).then(
      () => `The ${what} of this number ${held ? "go on" : "wait"}.`,
    );
  const asks = held ? undefined : { title: `Pause the ${what} of this number?`, says: SAYS[what] };
  return h(
    "span",
    { class: "both" },
    held ? badge("warn", "held") : "flow",
    button(label, does, { id: `${word}-${what}-${number}`, asks, then: again }),
  );
}
