// Buttons that change something: they ask first where it matters, say what happened, and are shown to those who may.

import { may } from "./api.js";
import { h } from "./dom.js";

const region = h("div", { class: "told", role: "status", "aria-live": "polite" });

/** Where sentences about what happened appear. */
export const told = () => region;

/** Says what happened, for some seconds. */
export function tell(text, level = "ok") {
  const sentence = h("p", { class: level }, text);
  region.append(sentence);
  while (region.children.length > 3) region.firstChild.remove();
  setTimeout(() => sentence.remove(), level === "ok" ? 6000 : 15000);
}

/**
 * A button. `work` does it and gives the sentence that tells of it, if there is something to tell; `asks` is what is asked before: `{title, says,
 * types}`, where `types` must be typed. Without the scope `admin` there is no button.
 */
export function button(label, work, { id, asks, danger, scope = "admin", then } = {}) {
  if (!may(scope)) return "";
  const run = async () => {
    if (asks && !(await confirmed({ does: label, danger, ...asks }))) return;
    element.disabled = true;
    try {
      const sentence = await work();
      if (sentence) tell(sentence);
    } catch (fault) {
      tell(fault.message, "bad");
    }
    element.disabled = false;
    await then?.();
  };
  const element = h("button", { type: "button", id, class: danger ? "danger" : undefined, onclick: run }, label);
  return element;
}

/** Asks; whether the answer was yes. Escape means no. */
export function confirmed({ title, says, does, types, danger, fields = [] }) {
  return new Promise((answer) => {
    const yes = h(
      "button",
      { type: "button", class: danger ? "danger solid" : "solid", disabled: Boolean(types) },
      does,
    );
    const no = h("button", { type: "button", onclick: () => dialog.close() }, "Cancel");
    const typed =
      types &&
      h("input", {
        id: "typed",
        type: "text",
        autocomplete: "off",
        spellcheck: "false",
        oninput: () => {
          yes.disabled = typed.value.trim() !== types;
        },
        onkeydown: (event) => {
          if (event.key === "Enter" && !yes.disabled) yes.click();
        },
      });
    const dialog = h(
      "dialog",
      { "aria-labelledby": "asked" },
      h("h2", { id: "asked" }, title),
      [says].flat().map((sentence) => h("p", {}, sentence)),
      fields,
      types &&
        h("p", { class: "field" }, h("label", { for: "typed" }, "Type ", h("code", {}, types), " to go on"), typed),
      h("p", { class: "buttons" }, no, yes),
    );
    let said = false;
    yes.addEventListener("click", () => {
      said = true;
      dialog.close();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      answer(said);
    });
    document.body.append(dialog);
    dialog.showModal();
    (typed || no).focus();
  });
}
