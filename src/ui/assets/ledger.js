// The ledger as sums that can be checked with the eye: what came in, and where all of it went.

import { h } from "./dom.js";
import { badge, count } from "./words.js";

const ITEMS = ["routed", "duplicate", "inactive", "test", "quarantined", "evicted"];
const ENDS = ["filtered", "delivered", "pending", "dead"];
const STATES = ["queued", "sending", "unknown", "taken", "failed", "expired", "cancelled"];

export function ledger({ routes, messages, ...items }) {
  return h(
    "div",
    { class: "ledger" },
    sum(
      "Received",
      [["received", items.received]],
      ITEMS.map((name) => [name, items[name]]),
    ),
    Object.entries(routes).map(([route, tally]) =>
      sum(
        `To ${route}`,
        [
          ["offered", tally.offered],
          ["replayed", tally.replayed],
        ].filter(([name, figure]) => name === "offered" || figure),
        ENDS.map((name) => [name, tally[name]]),
      ),
    ),
    sum(
      "Messages",
      [["submitted", messages.submitted]],
      STATES.map((name) => [name, messages[name]]),
    ),
  );
}

/** Both sides of an equation, one above the other, and whether they are equal. */
function sum(title, left, right) {
  const add = (side) => side.reduce((sum, [, figure]) => sum + figure, 0);
  const difference = add(left) - add(right);
  const row =
    (sign) =>
    ([name, figure], nth) =>
      h(
        "tr",
        { class: figure ? undefined : "zero" },
        h("td", {}, sign(nth)),
        h("th", { scope: "row" }, name),
        h("td", { class: "number" }, count(figure)),
      );
  return h(
    "table",
    { class: "sum card" },
    h("caption", {}, title),
    h("tbody", {}, left.map(row((nth) => (nth ? "+" : "")))),
    h("tbody", { class: "parts" }, right.map(row((nth) => (nth ? "+" : "=")))),
    h(
      "tfoot",
      {},
      h(
        "tr",
        {},
        h("td"),
        h("th", { scope: "row" }, difference ? badge("bad", `${count(difference)} missing`) : badge("ok", "adds up")),
        h("td", { class: "number" }, count(add(right))),
      ),
    ),
  );
}
