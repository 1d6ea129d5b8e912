// The doctor: everything that must be right for a message to come through, and how to mend what is not.

import { get, path, post } from "./api.js";
import { button } from "./confirm.js";
import { code, h, section } from "./dom.js";
import { table } from "./table.js";
import { badge, many, said, state } from "./words.js";

export function doctor(stay) {
  const shown = stay.shows((signal) => get("doctor", signal), report, 0);
  const again = async () => {
    await shown.again();
    return "Examined.";
  };
  const node = h(
    "div",
    {},
    h(
      "div",
      { class: "titled" },
      h("h1", {}, "Doctor"),
      button("Examine again", again, { id: "examine", scope: "inspect" }),
    ),
    h("p", { class: "lede" }, "Looks from the disk to Meta's side. Changes nothing; takes 20 seconds at most."),
    shown,
  );
  return { title: "Doctor", node };
}

const ORDER = ["fail", "warn", "ok", "skipped"];
const worse = (a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level);

/** The way of a message, and what is looked at on each part of it. */
const PARTS = [
  ["From Meta to Wharf", ["public_url", "tls", "handshake", "signature", "callback"]],
  ["Wharf itself", ["store", "disk", "clock", "keys"]],
  ["From Wharf to Meta", ["graph", "token", "app", "account"]],
  ["From Wharf to applications", ["route"]],
];

function report({ findings }, again) {
  const wrong = findings.filter(({ level }) => level === "fail" || level === "warn").sort(worse);
  const known = PARTS.flatMap(([, checks]) => checks);
  const parts = [
    ...PARTS,
    ["Beside that", findings.map(({ check }) => check).filter((check) => !known.includes(check))],
  ];
  return h(
    "div",
    {},
    wrong.length
      ? section(
          `To mend: ${many(wrong.length, "finding")}`,
          h(
            "ul",
            { class: "alarms" },
            wrong.map((finding) => toMend(finding, again)),
          ),
        )
      : h("p", { class: "calm" }, badge("ok", "Everything that could be looked at is as it should be.")),
    parts.map(([title, checks]) => {
      const found = findings.filter(({ check }) => checks.includes(check)).sort(worse);
      return found.length > 0 && section(title, table(title, COLUMNS, found));
    }),
  );
}

function toMend({ check, subject, level, says, remedy }, again) {
  const grave = level === "fail" ? "bad" : "warn";
  return h(
    "li",
    { class: grave },
    h("div", {}, badge(grave, said(check)), " ", code(subject)),
    h("p", {}, says),
    remedy && h("p", { class: "todo" }, h("b", {}, "Do: "), remedy),
    check === "app" && remedy?.startsWith("wharf register") && h("p", { class: "buttons" }, register(subject, again)),
  );
}

/** What `wharf register` does. */
function register(gateway, again) {
  const does = async () => {
    const { after } = await post(path("gateways", gateway, "register"));
    return `Meta sends ${many(after?.fields?.length ?? 0, "field")} to ${gateway}.`;
  };
  return button("Register", does, {
    id: `register-${gateway}`,
    then: again,
    asks: {
      title: `Register the callback of ${gateway} with Meta?`,
      says: "The app’s webhooks of all fields that are wanted here come to this gateway from now on; what the app had stays.",
    },
  });
}

const COLUMNS = [
  ["How", ({ level }) => state("finding", level)],
  ["What", ({ check }) => said(check)],
  ["Of", ({ subject }) => (subject ? code(subject) : "this Wharf")],
  ["Seen", ({ says }) => says, "wide"],
];
