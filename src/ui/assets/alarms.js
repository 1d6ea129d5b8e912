// What somebody should do something about, worst first, each with what to do.

import { get, path, post } from "./api.js";
import { button } from "./confirm.js";
import { h, link } from "./dom.js";
import { badge, many, said, when } from "./words.js";

/** Alarms that stop something now; the others will, or want to be known. */
const WORST =
  /^(store_closed|token_invalid|token_scopes_missing|token_sealed|route_broken|route_paused|banned|offboarded|certificate)/;

export function alarms({ alarms }) {
  if (!alarms.length) return h("p", { class: "calm" }, badge("ok", "Nothing needs you."));
  const worst = (alarm) => Number(WORST.test(alarm.what));
  const sorted = [...alarms].sort((a, b) => worst(b) - worst(a) || String(b.since).localeCompare(String(a.since)));
  return h("ul", { class: "alarms" }, sorted.map(one));
}

function one(alarm) {
  const level = WORST.test(alarm.what) ? "bad" : "warn";
  const where = [
    alarm.account && link(path("accounts", alarm.account), `account ${alarm.account}`),
    alarm.route && `route ${alarm.route}`,
    !alarm.account && alarm.gateway && `gateway ${alarm.gateway}`,
    alarm.what === "quarantine" && link(path("quarantine", alarm.gateway), "look at the items"),
  ]
    .filter(Boolean)
    .flatMap((part) => [" · ", part])
    .slice(1);
  return h(
    "li",
    { class: level },
    h(
      "div",
      {},
      badge(level, said(alarm.what)),
      " ",
      h("span", { class: "hint" }, "since ", when(alarm.since, "some time")),
      alarm.until && h("span", { class: "hint" }, ", ends ", when(alarm.until)),
    ),
    alarm.detail && h("p", {}, said(alarm.detail)),
    where.length > 0 && h("p", {}, where),
    h("p", { class: "todo" }, h("b", {}, "Do: "), todo(alarm)),
    alarm.what === "route_paused" && h("p", { class: "buttons" }, goOn(alarm)),
  );
}

/** What the API advises as calls is buttons here. */
const HERE = {
  deliveries_held: "resume them under Holds, in the State of the account",
  quarantine: "look at the items; “Set up” engages their account and takes them out",
  route_paused: "resume it once the application is back",
};
const todo = ({ what, todo }) =>
  HERE[what] ??
  todo.replace(/POST \/api\/accounts\/\S+\/resume/, "resume them under Holds, in the State of the account,");

/** An account's own route is named without its gateway. */
function goOn({ account, gateway, route }) {
  const at = account
    ? path("accounts", account, "routes", route)
    : path("routes", gateway, route.slice(gateway.length + 1));
  return button("Resume the route", () => post(`${at}/resume`).then(() => "It gets its deliveries again."), {
    id: `alarm-${at}`,
  });
}

/** Dead letters are no alarm, and wait for somebody all the same. */
export function lettersLeft({ accounts, more }) {
  if (!accounts.length) return "";
  const says = `${many(accounts.length + Math.max(0, more), "account")} with deliveries or messages that were given up`;
  return h(
    "ul",
    { class: "alarms" },
    h(
      "li",
      { class: "warn" },
      h("div", {}, badge("warn", "dead letters")),
      h("p", {}, says, " · ", link("dead", "look at them")),
      h("p", { class: "todo" }, h("b", {}, "Do: "), "mend the application, then redrive them"),
    ),
  );
}

/** The alarms of one account, as long as there are some. */
export const alarmsOf = (stay, waba) =>
  stay.shows(
    async (signal) => (await get("alarms", signal)).alarms.filter((alarm) => alarm.account === waba),
    (alarms) => (alarms.length ? h("ul", { class: "alarms" }, alarms.map(one)) : ""),
  );
