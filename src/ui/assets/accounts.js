// Every account in a row: found by id or name, page by page, looked at again every few seconds.

import { get, path, query } from "./api.js";
import { code, empty, h, inUse, link, swap } from "./dom.js";
import { filters, table } from "./table.js";
import { trouble } from "./stay.js";
import { badge, count, said, when } from "./words.js";

const LIMIT = 50;

export function accounts(stay) {
  const asked = { q: "" };
  let cursors = [undefined];
  const rows = h("div", { class: "list" });
  const turn = h("p", { class: "turn" });
  const look = async () => {
    const cursor = cursors.at(-1);
    try {
      const { data, next } = await get(`accounts${query({ limit: LIMIT, cursor, q: asked.q })}`, stay.signal);
      if (cursor !== cursors.at(-1) || inUse(rows)) return;
      swap(rows, data.length ? table("Accounts", COLUMNS, data) : none(asked.q));
      turned(next, data.length);
    } catch (fault) {
      if (!stay.signal.aborted) swap(rows, trouble(fault));
    }
  };
  const turned = (next, length) =>
    swap(
      turn,
      cursors.length > 1 &&
        h(
          "button",
          {
            type: "button",
            id: "newer",
            onclick: () => {
              cursors.pop();
              look();
            },
          },
          "Back",
        ),
      next &&
        length === LIMIT &&
        h(
          "button",
          {
            type: "button",
            id: "further",
            onclick: () => {
              cursors.push(next);
              look();
            },
          },
          "Next page",
        ),
    );
  const found = filters([["accounts", "Find by id or name"]], ({ accounts }) => {
    asked.q = accounts;
    cursors = [undefined];
    look();
  });
  stay.every(4000, look);
  return h("div", {}, found, rows, turn);
}

const none = (sought) =>
  sought
    ? empty(`No account has “${sought}” in its id or name.`)
    : empty(
        "No account is engaged.",
        "Run “Set up…” above: it asks Meta which accounts the gateway's token can see and engages them; “Subscribe” then makes their webhooks come here.",
      );

const COLUMNS = [
  [
    "Account",
    (account) =>
      h(
        "span",
        { class: "lead" },
        link(path("accounts", account.id), account.snapshot?.name || account.id),
        h("small", {}, code(account.id)),
      ),
  ],
  ["Health", health],
  [
    "State",
    (account) =>
      account.active ? badge("ok", "active") : badge("idle", account.wished ? "waiting for Meta" : "inactive"),
  ],
  ["Pending", (account) => count(account.pending), "number"],
  ["Oldest", (account) => when(account.oldest_undelivered_at), "number"],
  [
    "Given up",
    (account) =>
      account.has_dead_letters
        ? link(path("accounts", account.id, "dead"), badge("warn", count(account.dead), "There are dead letters."))
        : count(account.dead),
    "number",
  ],
  ["Queued", (account) => count(account.queued), "number"],
  ["Gateway", (account) => code(account.gateway)],
];

/** The worst thing known about an account, in one word. */
export function health(account) {
  const { standing, drift = [], error, wished, active } = account;
  if (standing && standing !== "ok") return badge(standing === "restricted" ? "warn" : "bad", said(standing));
  if (error) return badge("bad", "error", error.detail ?? JSON.stringify(error));
  if (drift.length) return badge("warn", "drift", drift.map((one) => said(one.what ?? one)).join(", "));
  if (wished && !active) return badge("warn", "not subscribed");
  return standing ? badge("ok", "good") : badge("idle", "not known");
}
