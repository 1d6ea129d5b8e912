// Who talks with an account, and until when it may answer freely.

import { get, path, query } from "./api.js";
import { code, empty, h } from "./dom.js";
import { pages } from "./table.js";
import { badge, when } from "./words.js";

export function dialogs(stay, waba) {
  const load = async (cursor) => {
    const { data, next } = await get(
      `${path("accounts", waba, "dialogs")}${query({ limit: 50, cursor })}`,
      stay.signal,
    );
    return { rows: data, next };
  };
  return pages("Dialogs", COLUMNS, load, () =>
    empty("Nobody has written yet.", "A dialog begins with a customer's first message."),
  );
}

const COLUMNS = [
  [
    "Customer",
    ({ customer }) =>
      h(
        "span",
        { class: "lead" },
        customer.wa_id ? `+${customer.wa_id}` : code(customer.user_id ?? customer.group_id),
        customer.wa_id && customer.user_id && h("small", {}, code(customer.user_id)),
      ),
  ],
  ["Number", ({ variables }) => variables["whatsapp.number"] ?? code(variables["whatsapp.account"])],
  [
    "Window",
    ({ window_expires_at: ends }) =>
      ends && new Date(ends) > Date.now()
        ? [badge("ok", "open"), " ends ", when(ends)]
        : badge("idle", "closed", "Only templates may be sent."),
  ],
  ["Last seen", (dialog) => when(dialog.seen_at)],
  ["Since", (dialog) => when(dialog.since)],
  ["Dialog", (dialog) => code(dialog.id)],
];
