// The doctor: everything that must be right for a message to come through, and how to mend what is not.

import { get } from "./api.js";
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

function report({ findings }) {
  const wrong = findings.filter(({ level }) => level === "fail" || level === "warn").sort(worse);
  const checks = [...new Set(findings.map(({ check }) => check))];
  return h(
    "div",
    {},
    wrong.length
      ? section(`To mend: ${many(wrong.length, "finding")}`, h("ul", { class: "alarms" }, wrong.map(toMend)))
      : h("p", { class: "calm" }, badge("ok", "Everything that could be looked at is as it should be.")),
    checks.map((check) => group(check, findings.filter((finding) => finding.check === check).sort(worse))),
  );
}

const toMend = ({ check, subject, level, says, remedy }) =>
  h(
    "li",
    { class: level === "fail" ? "bad" : "warn" },
    h("div", {}, badge(level === "fail" ? "bad" : "warn", said(check)), " ", code(subject)),
    h("p", {}, says),
    remedy && h("p", { class: "todo" }, h("b", {}, "Do: "), remedy),
  );

const group = (check, findings) =>
  section(
    said(check).replace(/^./, (first) => first.toUpperCase()),
    table(said(check), COLUMNS, findings),
  );

const COLUMNS = [
  ["How", ({ level }) => state("finding", level)],
  ["Of", ({ subject }) => (subject ? code(subject) : "this Wharf")],
  ["Seen", ({ says }) => says],
];
