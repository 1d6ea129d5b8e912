// The routes of an account: what waits, what the application last said, whether its breaker lets anything through.

import { path, post } from "./api.js";
import { button } from "./confirm.js";
import { code, empty, h } from "./dom.js";
import { table } from "./table.js";
import { badge, count, state, when } from "./words.js";

export function routes(account, again) {
  const all = Object.entries(account.routes).map(([name, route]) => ({ name, ...route }));
  if (!all.length)
    return empty(
      "No route gets this account's events: they are journalled and go nowhere.",
      "Add a [[gateway.route]] to the settings and send SIGHUP.",
    );
  const held = (route) => (account.delivery_holds ?? []).find((hold) => hold.route === route.name && !hold.number);
  return table(
    "Routes",
    [
      ["Route", (route) => h("span", { class: "lead" }, h("b", {}, route.name), h("small", {}, code(route.url)))],
      ["Breaker", (route) => standing(route, held(route))],
      ["Pending", (route) => count(route.pending), "number"],
      ["Under way", (route) => count(route.under_way), "number"],
      [
        "Parked",
        (route) =>
          route.parked ? badge("warn", count(route.parked), "retried on their own, while others get through") : "0",
        "number",
      ],
      ["Last answer", (route) => answer(route.last_answer)],
      ["", (route) => h("span", { class: "buttons" }, buttons(account, route, held(route), again))],
    ],
    all,
  );
}

function standing(route, hold) {
  if (route.removed) return badge("idle", "removed", "It is not in the settings any more; only what it left is here.");
  if (route.unusable) return badge("bad", route.unusable);
  if (route.paused_at) return [badge("bad", "paused by 410"), " ", when(route.paused_at)];
  if (hold) return [badge("warn", "held by an operator"), " ", when(hold.since)];
  return state("route", route.breaker);
}

function answer(last) {
  if (!last?.at) return "none yet";
  const good = last.reason === null && (last.status === null || last.status < 300);
  return h(
    "span",
    { class: "lead" },
    badge(good ? "ok" : "bad", good ? `${last.status ?? "2xx"}` : `${last.status ?? "no answer"}`),
    h("small", {}, last.reason ?? "", " ", when(last.at)),
  );
}

/** Tries out the route at a path, and tells how it answered. */
export const tryOut = (at) => async () => {
  const { status, took_ms, reason } = await post(`${at}/test`);
  if (reason) throw new Error(`The test delivery failed: ${reason}, ${took_ms} ms`);
  return `The application answered ${status} to a test delivery, ${took_ms} ms.`;
};

function buttons({ id: waba }, route, hold, again) {
  if (route.removed) return "";
  const [gateway, ...rest] = route.name.split("/");
  const own = rest.length > 1;
  const name = rest.at(-1);
  const at = own ? path("accounts", waba, "routes", name) : path("routes", gateway, name);
  const holds = (word, sentence) => () =>
    post(path("accounts", waba, word), { what: "deliveries", route: route.name }).then(() => sentence);
  return [
    route.paused_at &&
      button("Go on", () => post(`${at}/resume`).then(() => "It gets its deliveries again."), {
        id: `goon-${route.name}`,
        then: again,
      }),
    hold
      ? button("Resume", holds("resume", "Its deliveries go on."), { id: `resume-${route.name}`, then: again })
      : button("Pause", holds("pause", "Its deliveries wait."), {
          id: `pause-${route.name}`,
          then: again,
          asks: {
            title: `Pause deliveries to ${route.name}?`,
            says: "For this account alone. Events are kept and wait in their order; the time does not count towards their end.",
          },
        }),
    button("Test", tryOut(at), { id: `test-${route.name}`, then: again }),
  ];
}
