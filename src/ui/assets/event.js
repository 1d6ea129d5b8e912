// One event: how it came, the way it took to each route, and its bytes.

import { get, path, post, text } from "./api.js";
import { button } from "./confirm.js";
import { code, facts, h, link, section } from "./dom.js";
import { customer } from "./events.js";
import { member, shown } from "./json.js";
import { trail } from "./trail.js";
import { bytes, count, said, state, when } from "./words.js";

export function event(stay, id) {
  const here = path("events", id);
  const explained = stay.shows(
    (signal) => get(`${here}/explain`, signal),
    (told, again) => {
      const { all, one } = replays(here, again);
      const foot = (route) => [remedy(id, route, again), one(route)];
      return h("div", {}, trail(told, foot), h("p", { class: "buttons" }, all()));
    },
    2500,
  );
  const inside = stay.shows(
    async (signal) => {
      const whole = await text(here, signal);
      return { whole, event: JSON.parse(whole) };
    },
    ({ whole, event }) => about(whole, event),
    0,
  );
  const node = h(
    "div",
    {},
    h("p", { class: "trail" }, link("", "Overview"), " / ", owner(id)),
    h("h1", {}, "Event ", code(id)),
    section("The way it took", explained),
    inside,
  );
  return { title: `Event ${id}`, node };
}

/** An event's id is its stream and its seq; what is in quarantine has a gateway's stream. */
function owner(id) {
  const stream = id.slice(0, id.lastIndexOf("."));
  return stream.startsWith("q.")
    ? link(path("quarantine", stream.slice(2)), `quarantine of ${stream.slice(2)}`)
    : link(`${path("accounts", stream)}/events`, `account ${stream}`);
}

function about(whole, event) {
  return h(
    "div",
    {},
    section(
      "What it is",
      h(
        "div",
        { class: "card" },
        facts([
          ["kind", said(event.type), event.field !== event.type ? ` in ${event.field}` : ""],
          ["went", state("disposition", event.disposition)],
          ["received", when(event.received_at)],
          [
            "gateway",
            code(event.gateway),
            event.secret ? ` with the app secret before the ${event.secret === 1 ? "current one" : "last ones"}` : "",
          ],
          ["claimed account", event.claimed && code(event.claimed)],
          ["number", event.number && [event.display_number ?? "", " ", code(event.number)]],
          ["customer", event.dialog && customer(event.dialog)],
          ["window ends", event.dialog?.window_expires_at && when(event.dialog.window_expires_at)],
          ["message id", event.message_id && code(event.message_id)],
          ["size", `${bytes(event.bytes)} (${count(event.bytes)} bytes with what came around it)`],
        ]),
      ),
    ),
    section("Its bytes", shown(member(whole, "item"))),
  );
}

/** What helps an event that is not at a route yet. */
function remedy(id, { route, state: word, dead }, again) {
  const account = id.slice(0, id.lastIndexOf("."));
  if (dead?.kept) {
    const redrive = async () => {
      const { redriven } = await post(path("accounts", account, "dead", "redrive"), { event: id, route });
      if (!redriven) throw new Error("Nothing was redriven: its dead letter is gone.");
      return `On its way to ${route} again.`;
    };
    return button("Redrive", redrive, { id: `redrive-${route}`, then: again });
  }
  return word === "held" && link(path("accounts", account), "To the holds and routes of its account");
}

/** The buttons of all routes together, and of each. */
function replays(here, again) {
  const asks = (where) => ({
    title: "Deliver this event again?",
    says: `It goes to ${where}, with the same webhook-id, and is tried as if it were new.`,
  });
  const run = (body) => async () => {
    const { routes = [], already_pending: pending = [] } = await post(`${here}/replay`, body);
    return `On its way to ${routes.join(", ") || "no route"}${pending.length ? `; already under way to ${pending.join(", ")}` : ""}.`;
  };
  return {
    all: () =>
      button("Replay to every route that wants it", run({}), {
        id: "replay",
        asks: asks("every route whose filter wants it now"),
        then: again,
      }),
    one: ({ route }) =>
      button("Replay", run({ route }), {
        id: `replay-${route}`,
        asks: asks(`${route}, whatever its filter says`),
        then: again,
      }),
  };
}
