// Who changed what.

import { get, query } from "./api.js";
import { code, empty, h } from "./dom.js";
import { pages } from "./table.js";
import { said, when } from "./words.js";

export function audit(stay) {
  const load = async (cursor) => {
    const { data, next } = await get(`audit${query({ limit: 50, order: "newest", cursor })}`, stay.signal);
    return { rows: data, next };
  };
  const node = h(
    "div",
    {},
    h("h1", {}, "Audit"),
    h("p", { class: "lede" }, "Everything that a key changed, and what came of it."),
    pages("Audit", COLUMNS, load, () => empty("Nobody has changed anything yet.")),
  );
  return { title: "Audit", node };
}

const COLUMNS = [
  ["When", (record) => when(record.at)],
  ["Who", (record) => h("span", { class: "lead" }, record.who, h("small", {}, record.address))],
  ["Did", (record) => said(record.verb)],
  ["At", (record) => code(record.gateway)],
  [
    "To",
    (record) =>
      record.ids.length
        ? record.ids
            .slice(0, 3)
            .flatMap((id) => [code(id), " "])
            .concat(record.ids.length > 3 ? `and ${record.ids.length - 3} more` : "")
        : "all",
  ],
  ["Result", (record) => record.result],
];
