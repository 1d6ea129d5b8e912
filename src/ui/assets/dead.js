// The dead letters of an account: what was given up and why, and how to have it delivered after all.

import { get, path, post, query } from "./api.js";
import { button } from "./confirm.js";
import { code, empty, h, link, swap } from "./dom.js";
import { laidOut } from "./json.js";
import { pages } from "./table.js";
import { badge, count, many, said, when } from "./words.js";

export function deadLetters(stay, waba, limit = 50) {
  const top = h("p", { class: "buttons" });
  const seen = new Map();
  const load = async (cursor) => {
    if (!cursor) seen.clear();
    const { data, next } = await get(
      `${path("accounts", waba, "dead")}${query({ limit, order: "newest", cursor })}`,
      stay.signal,
    );
    for (const { route } of data) if (route) seen.set(route, (seen.get(route) ?? 0) + 1);
    swap(top, data.length > 0 && all(), [...seen.keys()].map(ofRoute));
    return { rows: data, next };
  };
  const redrive = (body) => async () => {
    const { redriven, skipped, left } = await post(path("accounts", waba, "dead", "redrive"), body);
    return `${many(redriven, "dead letter")} on the way again${skipped ? `, ${count(skipped)} skipped` : ""}, ${count(left)} left.`;
  };
  const says =
    "Each is delivered (or sent) again as if it were new, in its order. What fails once more comes back here.";
  const again = () => list.restart();
  const all = () =>
    button("Redrive all", redrive({}), {
      id: `redrive-${waba}`,
      then: again,
      asks: { title: "Redrive all dead letters of this account?", says },
    });
  const ofRoute = (route) =>
    button(`Redrive ${route}`, redrive({ route }), {
      id: `redrive-${waba}-${route}`,
      then: again,
      asks: { title: `Redrive all dead letters of ${route}?`, says },
    });
  const one = ({ event, message, route }) =>
    button("Redrive", redrive(event ? { event, route } : { message }), {
      id: `redrive-${event ?? message}-${route ?? ""}`,
      then: again,
    });
  const list = pages("Dead letters", [...COLUMNS, ["", one]], load, () =>
    empty("No dead letters.", "What is refused for good, or fails for 72 hours, lands here."),
  );
  return h("div", {}, top, list);
}

const COLUMNS = [
  ["Given up", (letter) => when(letter.at)],
  [
    "What",
    (letter) =>
      letter.event
        ? link(path("events", letter.event), code(letter.event))
        : link(path("messages", letter.message ?? ""), code(letter.message)),
  ],
  ["Route", (letter) => (letter.route ? code(letter.route) : "a message of ours")],
  [
    "Why",
    (letter) =>
      h(
        "span",
        { class: "both" },
        badge("bad", letter.status ? String(letter.status) : "no answer"),
        said(letter.reason),
      ),
  ],
  [
    "Bytes",
    (letter) =>
      h("details", {}, h("summary", {}, "look"), h("pre", { tabindex: 0 }, laidOut(JSON.stringify(letter.body)))),
  ],
];
