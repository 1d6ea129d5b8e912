// Signing in: one field for the key.

import { signIn } from "./api.js";
import { code, h } from "./dom.js";

export function signin(stay, opened) {
  const key = h("input", {
    id: "key",
    type: "password",
    autocomplete: "current-password",
    required: true,
    spellcheck: "false",
  });
  const says = h("p", { class: "note bad", role: "alert" });
  const go = h("button", { type: "submit", class: "solid" }, "Sign in");
  const submit = async (event) => {
    event.preventDefault();
    says.textContent = "";
    go.disabled = true;
    try {
      await signIn(key.value.trim());
      opened();
    } catch (problem) {
      says.textContent = problem.message;
      key.select();
    }
    go.disabled = false;
  };
  const form = h(
    "form",
    { class: "lonely card", onsubmit: submit },
    h("h1", {}, "Sign in to Wharf"),
    h("p", { class: "field" }, h("label", { for: "key" }, "Key"), key),
    says,
    h("p", {}, go),
    h(
      "p",
      { class: "hint" },
      "A key with the scope ",
      code("inspect"),
      " may look, one with ",
      code("admin"),
      " may change things. Keys stand under ",
      code("[[key]]"),
      " in the settings; the demo prints its own. It stays in this tab and is forgotten when you close it.",
    ),
  );
  queueMicrotask(() => key.focus());
  return { title: "Sign in", node: form };
}
