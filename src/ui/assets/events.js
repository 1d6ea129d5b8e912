// The journal of an account, newest first, by kind and state.

import { get, path, query } from "./api.js";
import { code, empty, h, link } from "./dom.js";
import { filters, pages } from "./table.js";
import { bytes, said, state, when } from "./words.js";

export const KINDS = [
  "message",
  "status",
  "error",
  "echo",
  "call",
  "group",
  "history",
  "contact",
  "preference",
  "user_id",
  "automatic",
  "account",
];
const STATES = ["pending", "delivered", "dead", "filtered", "inactive"];
/** Events in a part of the list. */
const PART = 50;
/** Seqs looked back at once where a filter leaves few, and how often for one part. */
const [STRIDE, STRIDES] = [500, 20];

export function events(stay, waba) {
  const wanted = {};
  const list = pages(
    "Events",
    COLUMNS,
    (before) => back(waba, before, wanted, stay.signal),
    () =>
      empty(
        "No event is like that.",
        "Webhooks appear here as they come; the journal goes back as far as storage.retention.",
      ),
  );
  const found = filters(
    [
      ["kind", "Kind", KINDS],
      ["state", "State", STATES],
    ],
    (values) => {
      Object.assign(wanted, values);
      list.restart();
    },
  );
  return h(
    "div",
    {},
    h("div", { class: "titled" }, found, h("button", { type: "button", onclick: () => list.restart() }, "Newest")),
    list,
  );
}

/** The API reads forwards; people want the newest first: windows of the journal, from its end backwards. */
async function back(waba, before, wanted, signal) {
  let end = before ?? (await get(path("accounts", waba), signal)).seq + 1;
  const stride = wanted.kind || wanted.state ? STRIDE : PART;
  const rows = [];
  for (let nth = 0; nth < STRIDES && end > 1 && rows.length < PART; nth += 1) {
    const after = Math.max(0, end - 1 - stride);
    const { data } = await get(
      `${path("accounts", waba, "events")}${query({ ...wanted, after, limit: stride })}`,
      signal,
    );
    const part = data.filter((event) => event.seq < end).reverse();
    // Nothing before the end, and what came lies behind it: the journal begins there.
    if (!part.length && data.length && stride === PART) return { rows };
    rows.push(...part);
    end = after + 1;
  }
  return { rows, next: end > 1 ? end : undefined };
}

const COLUMNS = [
  ["When", (event) => when(event.received_at)],
  ["Event", (event) => link(path("events", event.id), code(`#${event.seq}`))],
  [
    "Kind",
    (event) =>
      h("span", { class: "lead" }, said(event.type), event.field !== "messages" && h("small", {}, event.field)),
  ],
  ["Went", (event) => state("disposition", event.disposition)],
  ["From", (event) => customer(event.dialog)],
  ["Number", (event) => event.display_number ?? code(event.number)],
  ["Size", (event) => (event.body === "erased" ? said(event.body) : bytes(event.bytes)), "number"],
];

/** Who is at the other end, as far as Meta says. */
export function customer(dialog) {
  if (!dialog) return "–";
  return h(
    "span",
    {},
    dialog.wa_id ? `+${dialog.wa_id}` : code(dialog.user_id ?? dialog.group_id ?? dialog.id),
    dialog.new && h("small", {}, " new"),
  );
}
