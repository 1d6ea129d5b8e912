// The way an event took, as a line down the page: received, journalled, and then what each route did with it.

import { h, link } from "./dom.js";
import { many, said, state, time, when } from "./words.js";

/** `foot(route)` is what can be done about a route. */
export function trail({ received, routes, summary, event, message }, foot) {
  return h(
    "div",
    {},
    h("p", { class: "summary" }, plain(summary)),
    h(
      "ol",
      { class: "way" },
      step("ok", "Received", received.at, [
        `at gateway ${received.gateway}, signed with the ${received.secret_is === "older" ? "older app secret" : "current app secret"}`,
      ]),
      step(received.disposition === "routed" ? "ok" : "warn", said(received.disposition), null, [
        received.why,
        event?.lane && `Waits in line with its ${event.lane}.`,
      ]),
      message &&
        step("ok", "About our message", null, [h("a", { href: `#/messages/${encodeURIComponent(message)}` }, message)]),
    ),
    h(
      "div",
      { class: "columns" },
      routes.map((route) => ofRoute(route, foot(route))),
    ),
  );
}

const LEVEL = {
  delivered: "ok",
  dead: "bad",
  waiting: "warn",
  parked: "warn",
  held: "warn",
  under_way: "busy",
  pending: "busy",
};

function ofRoute(route, foot) {
  const { attempts = [] } = route;
  const unseen = attempts.length ? attempts[0].attempt - 1 : 0;
  return h(
    "article",
    { class: "card" },
    h("h3", {}, route.route, " ", state("delivery", route.state)),
    h(
      "ol",
      { class: "way" },
      step(route.matched ? "ok" : "idle", route.matched ? "Wanted" : "Not wanted", null, [route.why]),
      unseen > 0 && step("idle", `${many(unseen, "earlier attempt")} not kept`, null, []),
      attempts.map((attempt) =>
        step(good(attempt) ? "ok" : "bad", `Attempt ${attempt.attempt}`, attempt.at, [outcome(attempt)]),
      ),
      last(route),
    ),
    h("p", { class: "buttons" }, foot),
  );
}

const good = ({ status, reason }) => !reason && (status === null || (status >= 200 && status < 300));

/** A reason that names the status says enough. */
const answered = (status, reason) =>
  [status && !String(reason).includes(status) && `answered ${status}`, reason && said(reason)]
    .filter(Boolean)
    .join(", ");

const outcome = ({ status, reason, took_ms }) =>
  [answered(status, reason), took_ms !== null && took_ms !== undefined && `${took_ms} ms`].filter(Boolean).join(", ");

/** Where it stands with a route now. */
function last({ state: word, delivered_at, next_at, waits_for, dead, attempts_made: made }) {
  const level = LEVEL[word] ?? "idle";
  if (word === "delivered") return step(level, "Delivered", delivered_at, [made > 1 && `at attempt ${made}`]);
  if (dead)
    return step("bad", "Given up", dead.at, [
      answered(dead.status, dead.reason),
      dead.kept !== false && "A redrive in the dead letters has it delivered after all.",
    ]);
  if (word === "filtered" || word === "not_offered") return null;
  return step(
    level,
    said(word).replace(/^./, (first) => first.toUpperCase()),
    null,
    [waits_for && plain(waits_for), next_at && ["next try ", when(next_at)]],
  );
}

function step(level, title, at, says) {
  return h(
    "li",
    { class: level },
    h("b", {}, title),
    at && [" ", h("span", { class: "hint" }, time(at), ", ", when(at))],
    says.filter(Boolean).map((sentence) => h("p", {}, sentence)),
  );
}

const CALL = /(?:: | )(?:POST|GET) \/api\/[^\s;]+[^\s;.](?: tries again\.)?/;
const EXPLAIN = /GET \/api\/events\/([^/]+)\/explain/;

/** A sentence of the API's without the call that it advises: here that is a link, or a button below. */
function plain(sentence) {
  const other = EXPLAIN.exec(sentence);
  const text = sentence.replace(CALL, "");
  return other ? [text, " ", link(`events/${other[1]}`, "Look at that one.")] : text;
}

/** The same line for the states of a message. */
export const line = (steps) =>
  h(
    "ol",
    { class: "way across" },
    steps.map(([level, title, at]) => step(level, title, at, [])),
  );
