// The outbound messages of an account, newest first, by state.

import { get, path, query } from "./api.js";
import { code, empty, h, link } from "./dom.js";
import { filters, pages } from "./table.js";
import { count, said, state, when } from "./words.js";

const STATES = [
  "queued",
  "sending",
  "unknown",
  "accepted",
  "sent",
  "delivered",
  "read",
  "played",
  "failed",
  "expired",
  "cancelled",
];

export function messages(stay, waba) {
  const wanted = {};
  const load = async (cursor) => {
    const { data, next } = await get(
      `${path("accounts", waba, "messages")}${query({ ...wanted, limit: 50, order: "newest", cursor })}`,
      stay.signal,
    );
    return { rows: data, next };
  };
  const list = pages("Messages", COLUMNS, load, () =>
    empty(
      "No message is like that.",
      "Applications send with POST /{phone number id}/messages to the public listener.",
    ),
  );
  const found = filters([["state", "State", STATES]], (values) => {
    Object.assign(wanted, values);
    list.restart();
  });
  return h(
    "div",
    {},
    h("div", { class: "titled" }, found, h("button", { type: "button", onclick: () => list.restart() }, "Newest")),
    list,
  );
}

const COLUMNS = [
  ["When", (message) => when(message.created_at)],
  ["Message", (message) => link(path("messages", message.id), code(`…${message.id.slice(-8)}`))],
  ["State", (message) => state("message", message.state)],
  [
    "Kind",
    (message) => h("span", { class: "lead" }, said(message.kind), message.template && h("small", {}, message.template)),
  ],
  ["To", (message) => message.to],
  ["Number", (message) => code(message.number)],
  ["Priority", (message) => said(message.priority)],
  ["Attempts", (message) => count(message.attempts.length), "number"],
];
