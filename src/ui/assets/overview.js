// The overview: what needs attention, whether everything adds up, how much flows, and every account.

import { accounts } from "./accounts.js";
import { alarms, lettersLeft } from "./alarms.js";
import { get } from "./api.js";
import { h, section } from "./dom.js";
import { withDead } from "./letters.js";
import { perSecond, plot } from "./plot.js";
import { gatewayVerbs } from "./verbs.js";
import { badge, count } from "./words.js";

export function overview(stay) {
  const ledger = (signal) => get("ledger", signal);
  const node = h(
    "div",
    {},
    h("h1", {}, "Overview"),
    section(
      "Needs attention",
      stay.shows((signal) => get("alarms", signal), alarms),
      stay.shows(withDead, lettersLeft, 15000),
    ),
    section("Since the store began", stay.shows(ledger, totals, 3000)),
    section(
      "The last half hour",
      stay.shows((signal) => get("rates?minutes=30", signal), flow, 10000),
    ),
    h("section", {}, h("div", { class: "titled" }, h("h2", {}, "Accounts"), gatewayVerbs(stay)), accounts(stay)),
  );
  return { title: "Overview", node };
}

function totals({ received, duplicate, quarantined, inactive, routes, messages, balanced, faults }) {
  const sum = (name) => Object.values(routes).reduce((sum, route) => sum + route[name], 0);
  const tiles = [
    ["received", received],
    ["delivered", sum("delivered")],
    ["pending", sum("pending")],
    ["given up", sum("dead"), "#/dead"],
    ["sent", messages.taken],
    ["queued", messages.queued + messages.sending],
    ["unknown", messages.unknown],
    ["failed", messages.failed + messages.expired],
    ["duplicate", duplicate],
    inactive > 0 && ["inactive", inactive],
    ["quarantined", quarantined, "#/quarantine"],
  ].filter(Boolean);
  const verdict = balanced
    ? badge("ok", "the ledger balances")
    : badge("bad", `the ledger does not balance: ${faults.join("; ")}`);
  return h(
    "div",
    {},
    h(
      "dl",
      { class: "tiles" },
      tiles.map(([name, figure, href]) =>
        h(
          "div",
          { class: warns(name, figure) },
          h("dt", {}, href ? h("a", { href }, name) : name),
          h("dd", {}, count(figure)),
        ),
      ),
    ),
    h(
      "p",
      {},
      verdict,
      " ",
      h("span", { class: "hint" }, "Everything received ended somewhere; duplicates and what is not ours included."),
    ),
  );
}

const warns = (name, figure) =>
  figure > 0 && ["unknown", "failed", "quarantined"].includes(name) ? "warns" : undefined;

const SERIES = [
  ["received", "received"],
  ["delivered", "delivered"],
  ["sent", "sent"],
  ["dead", "dead", "bad"],
];

function flow({ series, step_s, from }) {
  return h(
    "div",
    { class: "plots" },
    SERIES.map(([name, title, level]) => plot(title, perSecond(series[name] ?? [], step_s), from, step_s, level)),
  );
}
