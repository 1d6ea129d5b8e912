// What waits although its turn has come, who can end it, and the buttons that hold and let go.

import { path, post } from "./api.js";
import { button } from "./confirm.js";
import { code, empty, h } from "./dom.js";
import { table } from "./table.js";
import { badge, said, when } from "./words.js";

/** Who ends a hold. */
const ENDS = { token: "a token that works", meta: "Meta", throttle: "time", limit: "time", operator: "an operator" };

export function holds({ id, holds: sends, delivery_holds: deliveries = [] }, again) {
  const rows = [
    ...sends.map((hold) => ({ what: "sends", ...hold })),
    ...deliveries.map((hold) => ({
      what: "deliveries",
      cause: "operator",
      reason: hold.by ? `paused by ${hold.by}` : "",
      ...hold,
    })),
  ];
  return h(
    "div",
    {},
    rows.length
      ? table("Holds", columns(id, again), rows)
      : empty("Nothing is held: messages leave and deliveries go out."),
    h("p", { class: "buttons" }, pause(id, "sends", sends, again), pause(id, "deliveries", deliveries, again)),
  );
}

const columns = (id, again) => [
  ["Held", (hold) => badge(hold.cause === "throttle" || hold.cause === "limit" ? "warn" : "bad", hold.what)],
  ["Where", (hold) => where(hold)],
  ["Why", (hold) => [hold.reason || said(hold.cause), hold.code ? ` (${hold.code})` : ""]],
  [
    "Ends by",
    (hold) => (hold.until ? [ENDS[hold.cause], ", ", when(hold.until)] : (ENDS[hold.cause] ?? said(hold.cause))),
  ],
  ["Since", (hold) => when(hold.since)],
  ["", (hold) => letGo(id, hold, again)],
];

function where({ what, scope, name, route, number }) {
  if (what === "deliveries")
    return [
      route && ["route ", code(route)],
      route && number && ", ",
      number && ["number ", code(number)],
      !route && !number && "the whole account",
    ];
  return scope === "account" ? "the whole account" : [said(scope), " ", code(name)];
}

/** What is asked to end a hold names the same place as what began it. */
function letGo(id, hold, again) {
  if (hold.cause === "throttle" || hold.cause === "limit") return "";
  const place =
    hold.what === "deliveries"
      ? { route: hold.route ?? undefined, number: hold.number ?? undefined }
      : { number: hold.scope === "number" ? hold.name : undefined };
  const does = () => post(path("accounts", id, "resume"), { what: hold.what, ...place }).then(() => "It goes on.");
  const key = [hold.what, hold.scope, hold.name, hold.route, hold.number].filter(Boolean).join("-");
  const wide = hold.what === "sends" && hold.scope !== "number";
  const says =
    "All that holds the sends of this account ends: operators' pauses, and waiting for a token or for Meta. A number's own pause stays.";
  return button("Resume", does, {
    id: `letgo-${key}`,
    then: again,
    asks: wide ? { title: "Let the messages of this account leave?", says } : undefined,
  });
}

function pause(id, what, held, again) {
  const whole =
    what === "sends"
      ? (hold) => hold.scope === "account" && hold.cause === "operator"
      : (hold) => !hold.route && !hold.number;
  if (held.some(whole)) return "";
  const says =
    what === "sends"
      ? "No message of this account leaves until somebody resumes it. New ones are accepted and wait; those that age out expire."
      : "No route gets anything of this account until somebody resumes it. Events are kept and wait in their order.";
  const does = () => post(path("accounts", id, "pause"), { what }).then(() => `The ${what} of this account wait.`);
  return button(`Pause all ${what}`, does, {
    id: `pause-${what}`,
    then: again,
    asks: { title: `Pause all ${what} of this account?`, says },
  });
}
