// The verbs as buttons: each says before it is done what will happen, and afterwards what did.

import { get, may, path, post } from "./api.js";
import { button } from "./confirm.js";
import { h } from "./dom.js";
import { many } from "./words.js";

const verb = (gateway, word, body) => post(path("gateways", gateway, "verbs", word), body);

/** What came of a verb: how many accounts, and the first error. */
function outcome(word, accounts) {
  const failed = accounts.filter((account) => account.error);
  const waiting = accounts.filter((account) => account.pending);
  const sentence = `${word}: ${many(accounts.length, "account")}`;
  if (failed.length)
    throw new Error(
      `${sentence}, ${failed.length} failed. ${failed[0].id}: ${failed[0].error.detail ?? failed[0].error.message ?? JSON.stringify(failed[0].error)}`,
    );
  return waiting.length ? `${sentence}, ${waiting.length} still under way` : `${sentence}. Done.`;
}

/** The verbs of one account. */
export function accountVerbs({ id, gateway, active, snapshot }, again) {
  const name = snapshot?.name || id;
  const run = (word, more) => async () => outcome(word, await verb(gateway, word, { ids: [id], ...more }));
  const one = (label, word, says, more = {}) =>
    button(label, run(word, more.body), {
      id: `verb-${word}`,
      asks: { title: `${label} ${name}?`, says, ...more.asks },
      danger: more.danger,
      then: more.then ?? again,
    });
  return h(
    "div",
    { class: "buttons" },
    one("Refresh", "setup", "Asks Meta again for this account's name, numbers and state. Nothing else changes."),
    one(
      "Subscribe",
      "subscribe",
      active
        ? "It is subscribed. Meta is asked again only if the last look found otherwise."
        : "Meta will send this account's webhooks here, and its routes will get them.",
    ),
    one("Unsubscribe", "unsubscribe", [
      "Meta will send no more webhooks of this account.",
      "What came already is still delivered, and messages that are queued still leave.",
    ]),
    one(
      "Remove",
      "remove",
      [
        "It is unsubscribed at Meta and forgotten here, its numbers included.",
        "Unfinished deliveries and queued messages become dead letters, which stay to be redriven.",
      ],
      {
        asks: { types: id },
        danger: true,
        then: () => {
          location.hash = "#/";
        },
      },
    ),
  );
}

/** The verbs of whole gateways. */
export function gatewayVerbs(stay) {
  if (!may("admin")) return "";
  const choice = h("select", { id: "gateway", "aria-label": "Gateway" });
  get("gateways", stay.signal)
    .then(({ data }) => choice.append(...data.map(({ uri }) => h("option", {}, uri))))
    .catch(() => {});
  const run = (word) => async () => outcome(word, await verb(choice.value, word, {}));
  const one = (label, word, says) =>
    button(label, run(word), { id: `all-${word}`, asks: { title: `${label} every account?`, says } });
  return h(
    "div",
    { class: "buttons" },
    choice,
    one(
      "Set up",
      "setup",
      "Asks Meta which accounts the gateway's token can see, and engages those that are new. Nothing is subscribed by it.",
    ),
    one("Subscribe all", "subscribe", "Meta will send the webhooks of every engaged account of this gateway here."),
  );
}
