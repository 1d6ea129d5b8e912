// One account: its head, and under it one of its parts.

import { accountVerbs } from "./verbs.js";
import { alarmsOf } from "./alarms.js";
import { get, path } from "./api.js";
import { deadLetters } from "./dead.js";
import { dialogs } from "./dialogs.js";
import { code, h, link, section, swap } from "./dom.js";
import { events } from "./events.js";
import { health } from "./accounts.js";
import { holds } from "./holds.js";
import { ledger } from "./ledger.js";
import { messages } from "./messages.js";
import { numbers } from "./numbers.js";
import { ownRoutes } from "./own.js";
import { replays } from "./replays.js";
import { routes } from "./routes.js";
import { standing } from "./standing.js";
import { tail } from "./tail.js";
import { badge, when } from "./words.js";

const PARTS = [
  ["", "State", state],
  ["events", "Events", events],
  ["messages", "Messages", messages],
  ["dialogs", "Dialogs", dialogs],
  ["dead", "Dead letters", deadLetters],
  ["replays", "Replays", replays],
  ["routes", "Own routes", ownRoutes],
  ["live", "Live", tail],
];

export function account(stay, waba, part = "") {
  const found = PARTS.find(([name]) => name === part) ?? PARTS[0];
  const tabs = h(
    "nav",
    { class: "tabs", "aria-label": "Parts of the account" },
    PARTS.map(([name, title]) =>
      h(
        "a",
        {
          href: `#/${path("accounts", waba)}${name && `/${name}`}`,
          "aria-current": name === found[0] ? "page" : undefined,
        },
        title,
      ),
    ),
  );
  const inside = (signal) => get(path("accounts", waba), signal);
  const top = h("div");
  const shown = found[2] === state ? state(stay, waba, inside, top) : found[2](stay, waba);
  if (found[2] !== state)
    top.append(
      stay.shows(
        async (signal) => headOf(await inside(signal)),
        (told, again) => head(told, again),
        10000,
      ),
    );
  return {
    title: `Account ${waba}`,
    node: h(
      "div",
      {},
      h("p", { class: "trail" }, link("", "Overview"), " / account"),
      top,
      alarmsOf(stay, waba),
      tabs,
      shown,
    ),
  };
}

/** What the head shows: only when that changes it is drawn again. */
const headOf = ({ id, gateway, active, wished, snapshot, standing, drift, error, oldest_undelivered_at }) => ({
  id,
  gateway,
  active,
  wished,
  snapshot,
  standing,
  drift,
  error,
  oldest_undelivered_at,
});

function head(told, again) {
  const { id, gateway, active, snapshot, oldest_undelivered_at: oldest } = told;
  return h(
    "div",
    { class: "titled" },
    h(
      "div",
      {},
      h("h1", {}, snapshot?.name || id),
      h(
        "p",
        { class: "marks" },
        code(id),
        " at ",
        code(gateway),
        active ? badge("ok", "active") : badge("idle", "inactive"),
        health(told),
        oldest && h("span", { class: "hint" }, "oldest undelivered ", when(oldest)),
      ),
    ),
    accountVerbs(told, again),
  );
}

function state(stay, waba, inside, top) {
  let before = "";
  return stay.shows(
    inside,
    (told, again) => {
      const mine = JSON.stringify(headOf(told));
      if (mine !== before) swap(top, head(told, again));
      before = mine;
      return h(
        "div",
        {},
        section("Standing with Meta", standing(told)),
        section("Numbers", numbers(told, again)),
        section("Routes", routes(told, again)),
        section("Holds", holds(told, again)),
        section("Ledger", ledger(told.ledger)),
      );
    },
    3000,
  );
}
