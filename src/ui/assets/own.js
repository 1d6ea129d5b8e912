// The routes that are an account's own, beside those of its gateway: looked at, tried out, removed.

import { get, path, remove } from "./api.js";
import { button } from "./confirm.js";
import { code, empty, h } from "./dom.js";
import { tryOut } from "./routes.js";
import { table } from "./table.js";
import { badge, when } from "./words.js";

export function ownRoutes(stay, waba) {
  const at = path("accounts", waba, "routes");
  const shown = stay.shows(
    (signal) => get(at, signal),
    ({ data }, again) =>
      data.length
        ? table("Own routes", [...COLUMNS, ["", (route) => buttons(at, route, again)]], data)
        : empty("This account has no route of its own: its events go to the routes of its gateway alone."),
  );
  return h(
    "div",
    {},
    shown,
    h(
      "p",
      { class: "hint" },
      "Set one, or another in its place, where its secret is: ",
      code(`wharf routes ${waba} put NAME --url URL --secret-file FILE`),
      ". How many deliveries wait for each is under State.",
    ),
  );
}

const COLUMNS = [
  ["Route", (route) => h("span", { class: "lead" }, h("b", {}, route.name), h("small", {}, code(route.url)))],
  ["Gets", wants],
  ["State", standing],
  ["Signed", signed],
  ["Ends", (route) => (route.expires_at ? when(route.expires_at) : "never")],
];

function wants({ fields, types, numbers, format }) {
  const only = [
    ["fields", fields],
    ["types", types],
    ["numbers", numbers],
  ].filter(([, list]) => list.length);
  return h(
    "span",
    { class: "lead" },
    only.length ? only.map(([name, list]) => h("span", {}, `${name} `, code(list.join(", ")))) : "everything",
    h("small", {}, `as ${format}`),
  );
}

function standing({ unusable, warnings = [] }) {
  if (unusable) return badge("bad", unusable);
  return warnings.length ? badge("warn", warnings.join("; ")) : badge("ok", "usable");
}

function signed({ has_secret: has, former_secret_until: until }) {
  return h(
    "span",
    { class: "lead" },
    has ? "yes" : badge("warn", "no"),
    until && h("small", {}, "the secret before too, until ", when(until)),
  );
}

function buttons(at, { name, route }, again) {
  const here = `${at}/${path(name)}`;
  return h(
    "span",
    { class: "buttons" },
    button("Test", tryOut(here), { id: `try-${name}`, then: again }),
    button("Remove route", () => remove(here).then(() => `${route} is removed.`), {
      id: `drop-${name}`,
      danger: true,
      then: again,
      asks: {
        title: `Remove the route ${name}?`,
        says: "It gets nothing any more, for good. What it left unfinished becomes dead letters.",
      },
    }),
  );
}
