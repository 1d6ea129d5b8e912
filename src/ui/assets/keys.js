// API keys: who may do what here. A new one is shown once; those of the settings are changed there.

import { get, may, path, post, remove, session } from "./api.js";
import { button, tell } from "./confirm.js";
import { code, h, section, swap } from "./dom.js";
import { table } from "./table.js";
import { when } from "./words.js";

const SCOPES = [
  ["inspect", "look at everything here"],
  ["send", "send messages, upload and download media"],
  ["manage", "change what is at Meta: templates, profiles, flows"],
  ["admin", "change accounts, routes and keys"],
];
const LIMITS = ["gateways", "accounts", "numbers"];

export function keys(stay) {
  const list = stay.shows(
    (signal) => get("keys", signal),
    ({ data }, again) =>
      table("Keys", [...COLUMNS, ["", (key) => h("span", { class: "buttons" }, take(key, again))]], data),
  );
  const node = h(
    "div",
    {},
    h("h1", {}, "API keys"),
    h(
      "p",
      { class: "lede" },
      "Programs and people sign in with one of these. Kept is a hash; nobody can look a key up.",
    ),
    may("admin") && make(list),
    section("Keys that open", list),
  );
  return { title: "API keys", node };
}

const COLUMNS = [
  [
    "Key",
    (key) => h("span", { class: "lead" }, h("b", {}, key.name), key.name === session.me.name && h("small", {}, "you")),
  ],
  ["May", (key) => key.scopes.join(", ")],
  [
    "For",
    (key) => {
      const limits = LIMITS.filter((name) => key[name].length);
      return limits.length
        ? limits.map((name) => h("span", { class: "line" }, `${name} `, code(key[name].join(", "))))
        : "everything";
    },
  ],
  [
    "Made",
    (key) =>
      key.source === "settings"
        ? "in the settings"
        : h("span", { class: "lead" }, when(key.created_at), h("small", {}, "by ", key.created_by)),
  ],
  ["Last used", (key) => when(key.last_used_at, "not since the start")],
];

function take({ name, source }, again) {
  if (source === "settings") return "";
  return button("Remove key", () => remove(path("keys", name)).then(() => `The key ${name} opens nothing any more.`), {
    id: `remove-${name}`,
    danger: true,
    then: again,
    asks: {
      title: `Remove the key ${name}?`,
      says: [
        "Whatever signs in with it is refused at once. This cannot be undone.",
        name === session.me.name && "It is the key that you are signed in with.",
      ].filter(Boolean),
    },
  });
}

/** The form for a new key, and the place where it is shown. */
function make(list) {
  const made = h("div", { role: "status" });
  const field = (id, label, hint) =>
    h(
      "p",
      { class: "field" },
      h("label", { for: id }, label),
      h("input", { id, autocomplete: "off", spellcheck: "false", placeholder: hint }),
    );
  const name = field("key-name", "Name", "letters, digits, - and _");
  const scopes = SCOPES.filter(([scope]) => may(scope)).map(([scope, says]) =>
    h("label", {}, h("input", { type: "checkbox", id: `scope-${scope}`, value: scope }), ` ${scope}: ${says}`),
  );
  const limits = LIMITS.map((limit) => field(`key-${limit}`, `Only ${limit}`, "all"));
  const value = (box) => box.querySelector("input").value.trim();
  const submit = async (event) => {
    event.preventDefault();
    const body = {
      name: value(name),
      scopes: scopes
        .map((label) => label.firstChild)
        .filter((box) => box.checked)
        .map((box) => box.value),
    };
    LIMITS.forEach((limit, nth) => {
      const ids = value(limits[nth])
        .split(/[\s,]+/)
        .filter(Boolean);
      if (ids.length) body[limit] = ids;
    });
    try {
      swap(made, once(await post("keys", body), made));
      event.target.reset();
      event.target.closest("details").open = false;
      await list.again();
    } catch (fault) {
      tell(fault.message, "bad");
    }
  };
  const form = h(
    "form",
    { class: "form", onsubmit: submit },
    name,
    h("fieldset", {}, h("legend", {}, "It may"), scopes),
    limits,
    h("p", {}, h("button", { type: "submit", class: "solid" }, "Make the key")),
  );
  return h("div", {}, h("details", { class: "card", id: "make" }, h("summary", {}, "Make a key"), form), made);
}

/** The new key, until it is put away. */
function once({ name, key }, made) {
  const shown = h("input", { id: "made-key", readonly: true, value: key, spellcheck: "false" });
  const copy = async () => {
    shown.select();
    // Over plain HTTP a browser lends nobody its clipboard: then it is marked, ready for Ctrl-C.
    const copied = await navigator.clipboard?.writeText(key).then(
      () => true,
      () => false,
    );
    tell(copied ? "Copied." : "It is marked: press Ctrl-C to copy it.");
  };
  return h(
    "div",
    { class: "card fresh" },
    h("p", { class: "field" }, h("label", { for: "made-key" }, `The key ${name}`), shown),
    h("p", { class: "hint" }, "Copy it now: it is shown this once."),
    h(
      "p",
      { class: "buttons" },
      h("button", { type: "button", class: "solid", onclick: copy }, "Copy"),
      h("button", { type: "button", onclick: () => swap(made) }, "I have it"),
    ),
  );
}
