// Builds the page out of elements and text. Nothing here reads markup: whatever a customer is called stays text.

const SVG = "http://www.w3.org/2000/svg";

/** An element. Attributes that are functions listen (`onclick`), those that are false or absent are left out. */
export const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

/** The same in SVG. */
export const s = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...flat(children));
  return element;
}

const flat = (children) =>
  children
    .flat(9)
    .filter((child) => child !== undefined && child !== null && child !== false && child !== "")
    .map((child) => (child instanceof Node ? child : String(child)));

/** Puts other children into a box; what had the focus, was open or was typed in stays so, found again by its id. */
export function swap(box, ...children) {
  const held = box.contains(document.activeElement) ? document.activeElement.id : "";
  const open = [...box.querySelectorAll("details[open][id]")].map((details) => details.id);
  box.replaceChildren(...flat(children));
  for (const id of open) box.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
  if (held) box.querySelector(`#${CSS.escape(held)}`)?.focus({ preventScroll: true });
}

/** Whether somebody presses or marks something in a box just now: then it is no time to put other children there. */
export const inUse = (box) =>
  box.matches(":active") || (!getSelection().isCollapsed && box.contains(getSelection().anchorNode));

/** A part of a page, under a heading. */
export const section = (title, ...children) => h("section", {}, h("h2", {}, title), ...children);

/** Names and what they stand for. */
export const facts = (pairs) =>
  h(
    "dl",
    { class: "facts" },
    pairs
      .filter((pair) => pair && pair[1] !== undefined && pair[1] !== null && pair[1] !== "" && pair[1] !== false)
      .map(([name, ...value]) => h("div", {}, h("dt", {}, name), h("dd", {}, ...value))),
  );

/** Where nothing is to be seen, and what to do next. */
export const empty = (what, ...next) => h("p", { class: "empty" }, what, next.length ? [" ", next] : "");

/** A way to another page. */
export const link = (path, ...children) => h("a", { href: `#/${path}` }, ...children);

/** Something to copy or compare: an id, a name in the settings. */
export const code = (text) => (text ? h("code", {}, text) : "");
