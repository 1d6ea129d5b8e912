// JSON as it came. It is laid out without being read: a number of twenty digits keeps all of them.

import { h } from "./dom.js";

/** The text of a member of an object, byte for byte; `undefined` where it has none. */
export function member(text, name) {
  const at = text.indexOf(`"${name}":`);
  if (at < 0) return undefined;
  const begin = at + name.length + 3;
  return text.slice(begin, ends(text, begin));
}

/** Where the value that begins at `begin` ends. */
function ends(text, begin) {
  let depth = 0;
  for (const [token, at] of tokens(text, begin)) {
    if (token === "{" || token === "[") depth += 1;
    else if (token === "}" || token === "]") depth -= 1;
    if (depth < 0 || (depth === 0 && token === ",")) return at;
    if (depth === 0 && (token === "}" || token === "]" || token[0] === '"')) return at + token.length;
  }
  return text.length;
}

/** The same value on many lines. */
export function laidOut(text) {
  let depth = 0,
    out = "",
    before = "";
  const line = () => `\n${"  ".repeat(depth)}`;
  for (const [token] of tokens(text, 0)) {
    const closes = token === "}" || token === "]";
    const opened = before === "{" || before === "[";
    if (closes) depth -= 1;
    if (closes ? !opened : opened || before === ",") out += line();
    out += token === ":" ? ": " : token;
    if (token === "{" || token === "[") depth += 1;
    before = token;
  }
  return out;
}

function* tokens(text, begin) {
  const one = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs;
  one.lastIndex = begin;
  for (let found; (found = one.exec(text));) yield [found[0], found.index];
}

/** Shows JSON: laid out, and as it came. */
export function shown(text, id = "bytes") {
  if (text === undefined || text === "null")
    return h("p", { class: "empty" }, "The bytes are gone: they are kept until delivered, or were erased.");
  return h(
    "div",
    {},
    h(
      "details",
      { id: `${id}-laid`, open: true },
      h("summary", {}, "Laid out"),
      h("pre", { tabindex: 0 }, laidOut(text)),
    ),
    h(
      "details",
      { id: `${id}-raw` },
      h("summary", {}, "As it came, byte for byte"),
      h("pre", { class: "wrap", tabindex: 0 }, text),
    ),
  );
}
