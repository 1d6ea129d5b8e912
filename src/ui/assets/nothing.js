// An address that means no page.

import { code, h, link } from "./dom.js";

export const nothing = (place) => ({
  title: "Not found",
  node: h(
    "div",
    {},
    h("h1", {}, "There is no such page"),
    h("p", {}, code(place), " leads nowhere. Go to the ", link("", "overview"), "."),
  ),
});
