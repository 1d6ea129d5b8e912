// A stretch of an account's journal delivered again: counted first, then watched on its way.

import { get, may, path, post, remove } from "./api.js";
import { button, confirmed } from "./confirm.js";
import { code, empty, h, link, section } from "./dom.js";
import { KINDS } from "./events.js";
import { table } from "./table.js";
import { bytes, count, many, said, state, time, when } from "./words.js";

export function replays(stay, waba) {
  const at = path("accounts", waba);
  const list = stay.shows(
    (signal) => get(`${at}/replays`, signal),
    ({ data }, again) =>
      data.length
        ? table("Replays", [...COLUMNS, ["", (replay) => cancel(at, replay, again)]], [...data].sort(newest))
        : empty("Nothing was replayed.", "A replay goes on over a restart, and live traffic goes on beside it."),
    1500,
  );
  return h(
    "div",
    {},
    may("admin") &&
      section(
        "Deliver a time again",
        form(stay, waba, () => list.again()),
      ),
    section("Replays", list),
  );
}

const newest = (a, b) => String(b.began_at).localeCompare(String(a.began_at));

/** `2026-01-31T08:00:00` here, as a field for times wants it. */
const here = (moment) => new Date(moment - new Date(moment).getTimezoneOffset() * 60000).toISOString().slice(0, 19);

function form(stay, waba, again) {
  const field = (id, label, input) => h("span", { class: "field" }, h("label", { for: id }, label), input);
  const moment = (id, value) => h("input", { id, type: "datetime-local", step: 1, value });
  const choice = (id, first, names) =>
    h(
      "select",
      { id },
      h("option", { value: "" }, first),
      names.map((name) => h("option", { value: name }, said(name))),
    );
  const from = moment("replay-from", here(Date.now() - 3600000));
  const to = moment("replay-to");
  const kind = choice("replay-kind", "every kind", KINDS);
  const route = choice("replay-route", "all that want it", []);
  const rate = h("input", { id: "replay-rate", type: "number", min: 1, value: 50 });
  get(path("accounts", waba), stay.signal)
    .then(({ routes }) =>
      route.append(
        ...Object.keys(routes)
          .filter((name) => !routes[name].removed)
          .map((name) => h("option", {}, name)),
      ),
    )
    .catch(() => {});
  const asked = () => {
    const exact = ({ value }) => (value ? new Date(value).toISOString() : undefined);
    return {
      from: exact(from),
      to: exact(to),
      kind: kind.value || undefined,
      route: route.value || undefined,
      rate: Number(rate.value),
    };
  };
  return h(
    "div",
    { class: "card" },
    h(
      "div",
      { class: "filters" },
      field("replay-from", "From", from),
      field("replay-to", "To (now)", to),
      field("replay-kind", "Kind", kind),
      field("replay-route", "Route", route),
      field("replay-rate", "Events per second", rate),
    ),
    h(
      "p",
      { class: "buttons" },
      button("Count, then replay", () => countThenBegin(waba, asked()), { id: "replay", then: again }),
    ),
  );
}

/** Nothing is replayed before somebody has seen how much it would be. */
async function countThenBegin(waba, asked) {
  const at = path("accounts", waba, "replay");
  const counted = await post(at, { ...asked, dry_run: true });
  if (!counted.events) return "No route wants an event of that time: there is nothing to replay.";
  const yes = await confirmed({
    title: `Deliver ${counted.at_least ? "at least " : ""}${many(counted.events, "event")} again?`,
    says: told(counted, asked),
    does: "Replay",
  });
  if (!yes) return "";
  // What was counted is what is replayed, although more came meanwhile.
  const through = asked.to ?? (counted.at_least ? undefined : counted.counted_through);
  const { replay } = await post(at, { ...asked, to: through });
  return `${replay.id} is under way.`;
}

const told = ({ bytes: size, routes, first, last }, { rate }) => [
  `${bytes(size)}: ${Object.entries(routes)
    .map(([route, figure]) => `${count(figure)} to ${route}`)
    .join(", ")}.`,
  [`From `, code(first), " to ", code(last), `, ${count(rate)} a second at most.`],
  "Each keeps its webhook-id; what is under way anyway is left out. Applications that do not look at the id will do things twice.",
];

const COLUMNS = [
  [
    "Replay",
    (replay) => h("span", { class: "lead" }, code(replay.id), h("small", {}, "began ", when(replay.began_at))),
  ],
  ["State", (replay) => [state("replay", replay.state), replay.ended_at ? [" ", time(replay.ended_at)] : ""]],
  [
    "Events",
    ({ account, from, to }) => [
      link(path("events", `${account}.${from}`), code(`#${from}`)),
      " to ",
      link(path("events", `${account}.${to}`), code(`#${to}`)),
    ],
  ],
  ["Of", ({ kind, route }) => [kind ? said(kind) : "every kind", " to ", route ?? "all routes"]],
  ["Progress", progress, "number"],
  ["Per second", (replay) => count(replay.rate), "number"],
];

function progress({ from, next_seq: next, through_seq: through, done, skipped }) {
  const [passed, all] = [Math.min(next, through + 1) - from, through + 1 - from];
  return h(
    "span",
    { class: "lead" },
    h("progress", { max: all, value: passed, "aria-label": "Progress" }),
    h("small", {}, `${count(done)} again, ${count(skipped)} skipped`),
  );
}

function cancel(at, { id, state: now }, again) {
  if (now !== "running") return "";
  return button("Cancel", () => remove(`${at}/replays/${path(id)}`).then(() => "It goes no further."), {
    id: `cancel-${id}`,
    danger: true,
    then: again,
    asks: {
      title: "Stop this replay?",
      says: "What it opened again is still delivered; it goes no further.",
      does: "Stop it",
    },
  });
}
