// One outbound message: how far it came, each attempt, what went wrong in words; cancel while it waits.

import { get, path, remove } from "./api.js";
import { button } from "./confirm.js";
import { code, empty, facts, h, link, section, swap } from "./dom.js";
import { laidOut } from "./json.js";
import { table } from "./table.js";
import { line } from "./trail.js";
import { badge, said, state, when } from "./words.js";

const WAY = ["queued", "sending", "accepted", "sent", "delivered", "read"];

export function message(stay, id) {
  const here = path("messages", id);
  const crumb = h("p", { class: "trail" }, link("", "Overview"));
  const node = h(
    "div",
    {},
    crumb,
    h("h1", {}, "Message ", code(id)),
    stay.shows(
      (signal) => get(here, signal),
      (told, again) => {
        swap(
          crumb,
          link("", "Overview"),
          " / ",
          link(`${path("accounts", told.account)}/messages`, `account ${told.account}`),
        );
        return shown(told, here, again);
      },
      2500,
    ),
  );
  return { title: `Message ${id}`, node };
}

function shown(message, here, again) {
  const cancel =
    message.state === "queued" &&
    button("Cancel it", () => remove(here).then(() => "Cancelled: it will not leave."), {
      id: "cancel",
      danger: true,
      then: again,
      asks: { title: "Cancel this message?", says: "It has not left yet, and never will." },
    });
  return h(
    "div",
    {},
    line(states(message)),
    message.error && h("div", { class: "note bad" }, inWords(message.error)),
    h("p", { class: "buttons" }, cancel),
    section(
      "What it is",
      h(
        "div",
        { class: "card" },
        facts([
          ["state", state("message", message.state), " ", when(message.changed_at)],
          ["to", message.to],
          ["from number", code(message.number)],
          ["kind", said(message.kind), message.template ? ` ${message.template}` : ""],
          ["priority", said(message.priority)],
          ["id at Meta", message.wamid && code(message.wamid)],
          ["submitted", when(message.created_at)],
          ["next try", message.state === "queued" && message.due_at && when(message.due_at)],
          ["expires", message.state === "queued" && when(message.expires_at)],
        ]),
      ),
    ),
    section(
      "Attempts",
      message.attempts.length ? table("Attempts", ATTEMPTS, message.attempts) : empty("It has not been tried yet."),
    ),
    message.error &&
      section("Meta's error as it came", h("pre", { tabindex: 0 }, laidOut(JSON.stringify(message.error)))),
  );
}

/** The way with the state it is in; where it left the way, that comes last. */
function states({ state: now, created_at, changed_at }) {
  const reached = now === "played" ? WAY.length - 1 : WAY.indexOf(now);
  if (reached < 0)
    return [
      ["ok", "queued", created_at],
      [now === "unknown" ? "warn" : now === "cancelled" ? "idle" : "bad", said(now), changed_at],
    ];
  return WAY.map((word, nth) => [
    nth < reached ? "ok" : nth === reached ? (nth < 2 ? "busy" : "ok") : "to",
    nth === reached && now === "played" ? "played" : word,
    nth === reached ? changed_at : nth === 0 ? created_at : null,
  ]);
}

function inWords(error) {
  const { code: number, title, message, error_user_msg: user, error_data: data } = error.error ?? error;
  return [
    badge("bad", number ? `Error ${number}` : "Error"),
    " ",
    [title, message, user, data?.details].filter((part, nth, all) => part && all.indexOf(part) === nth).join(". ") ||
      said(String(error)),
  ];
}

const ATTEMPTS = [
  ["When", (attempt) => when(attempt.at)],
  [
    "Answer",
    (attempt) =>
      attempt.status ? badge(attempt.status < 300 ? "ok" : "bad", String(attempt.status)) : badge("warn", "no answer"),
  ],
  ["Code", (attempt) => attempt.code ?? "–", "number"],
  ["Note", (attempt) => attempt.note],
];
