// Lists: tables that become cards on a phone, and lists that go on.

import { empty, h, swap } from "./dom.js";
import { trouble } from "./stay.js";

/** Rows that a list shows at most: a page that grew for ever would eat the browser. */
const MOST = 1000;

/** A table. A column is `[name, row => cell, "number"?]`. */
export const table = (caption, columns, rows) =>
  h(
    "table",
    {},
    h("caption", { class: "unseen" }, caption),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        columns.map(([name, , kind]) => h("th", { scope: "col", class: kind }, name)),
      ),
    ),
    h(
      "tbody",
      {},
      rows.map((row) => line(columns, row)),
    ),
  );

const line = (columns, row) =>
  h(
    "tr",
    {},
    columns.map(([name, cell, kind]) => h("td", { class: kind, "data-name": name }, h("span", {}, cell(row)))),
  );

/**
 * A list that goes on: `load(from)` gives `{rows, next}`; `next` absent means that nothing follows. `list.restart()`
 * begins anew.
 */
export function pages(caption, columns, load, nothing) {
  const body = h("tbody");
  const more = h("button", { type: "button", hidden: true, onclick: () => go() }, "Show more");
  const says = h("div", { role: "status" });
  const whole = table(caption, columns, []);
  whole.querySelector("tbody").replaceWith(body);
  let next,
    run = 0;
  const go = async () => {
    const mine = run;
    more.disabled = true;
    try {
      const part = await load(next);
      if (mine !== run) return;
      body.append(...part.rows.map((row) => line(columns, row)));
      next = part.next;
      swap(says, body.rows.length ? "" : (nothing?.() ?? empty("Nothing here.")));
    } catch (fault) {
      if (fault.name === "AbortError" || mine !== run) return;
      swap(says, trouble(fault));
      next = undefined;
    }
    const full = body.rows.length >= MOST;
    if (full) swap(says, h("p", { class: "note" }, `The first ${MOST} are shown. Narrow the filter to see others.`));
    whole.hidden = !body.rows.length;
    more.hidden = next === undefined || full;
    more.disabled = false;
  };
  const box = h("div", { class: "list" }, whole, says, more);
  whole.hidden = true;
  box.restart = () => {
    run += 1;
    next = undefined;
    body.replaceChildren();
    return go();
  };
  box.restart();
  return box;
}

/** Fields over a list: `[name, label, choices?]`; `changed(values)` hears of every change. */
export function filters(fields, changed) {
  const values = {};
  let timer;
  const set = (name, ms) => (event) => {
    values[name] = event.target.value.trim();
    clearTimeout(timer);
    timer = setTimeout(() => changed(values), ms);
  };
  const field = ([name, label, choices, first = "any"]) => {
    const id = `filter-${name}`;
    const input = choices
      ? h(
          "select",
          { id, onchange: set(name, 0) },
          h("option", { value: "" }, first),
          choices.map((one) => h("option", { value: one }, one.replaceAll("_", " "))),
        )
      : h("input", { id, type: "search", autocomplete: "off", spellcheck: "false", oninput: set(name, 250) });
    return h("span", { class: "field" }, h("label", { for: id }, label), input);
  };
  return h("div", { class: "filters" }, fields.map(field));
}
