// How an account stands with Meta: what is wished against what Meta answers, drift, restrictions, the token.

import { code, facts, h } from "./dom.js";
import { badge, said, when } from "./words.js";

export function standing(account) {
  return h(
    "div",
    { class: "columns" },
    h("div", { class: "card" }, h("h3", {}, "Wish and answer"), facts(wish(account))),
    h("div", { class: "card" }, h("h3", {}, "What Meta says"), facts(answer(account))),
    h("div", { class: "card" }, h("h3", {}, "Token"), facts(token(account.token))),
  );
}

function wish({ wished, active, drift, override_callback_uri: uri, error, reconciled_at, refreshed_at, engaged_at }) {
  const agrees = wished === active && !drift.length;
  return [
    ["wished", wished ? "subscribed" : "not subscribed"],
    [
      "at Meta",
      active ? "subscribed" : "not subscribed",
      " ",
      agrees ? badge("ok", "as wished") : badge("warn", "not as wished"),
    ],
    [
      "drift",
      drift.length
        ? drift.map((one) => h("span", { class: "line" }, badge("warn", said(one.what)), " since ", when(one.since)))
        : "none",
    ],
    ["its callback", uri ? code(uri) : "the app's"],
    ["last error", error && h("span", {}, badge("bad", error.detail ?? error.message ?? JSON.stringify(error)))],
    ["compared", when(reconciled_at, "not yet")],
    ["looked up", when(refreshed_at)],
    ["engaged", when(engaged_at)],
  ];
}

function answer({ standing, ban, restrictions, offboarded, violation, review, limit, alert, snapshot = {} }) {
  const noted = (name, note) => note && [name, said(note.what), " ", when(note.at)];
  const level = { ok: "ok", restricted: "warn", banned: "bad", offboarded: "bad" }[standing] ?? "idle";
  return [
    ["standing", badge(level, standing === "ok" ? "good" : said(standing))],
    ban && ["ban", said(ban.state), " ", ban.date],
    ...restrictions.map((one) => [
      "restricted",
      said(one.what),
      one.until ? [" until ", when(one.until)] : "",
      one.remedy ? ` (${one.remedy})` : "",
    ]),
    offboarded && ["offboarded", said(offboarded.why), " ", when(offboarded.since)],
    noted("violation", violation),
    noted("review", review),
    noted("limit", limit),
    noted("alert", alert),
    ["review status", snapshot.account_review_status && said(snapshot.account_review_status.toLowerCase())],
    ["business", snapshot.business_verification_status && said(snapshot.business_verification_status)],
    ["country", snapshot.country],
  ];
}

function token(token) {
  if (!token) return [["health", badge("idle", "not asked yet")]];
  return [
    ["health", token.valid ? badge("ok", "works") : badge("bad", "refused"), token.reason ? ` ${token.reason}` : ""],
    ["whose", token.own ? "the account's own" : "the gateway's"],
    ["missing scopes", token.missing_scopes.length > 0 && badge("bad", token.missing_scopes.join(", "))],
    ["ends", when(token.expires_at, "never")],
    ["data access ends", token.data_access_expires_at && when(token.data_access_expires_at)],
    ["asked", when(token.checked_at)],
  ];
}
