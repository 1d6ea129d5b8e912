// How figures, times and states are said. Status is a word and a shape, never a colour alone.

import { h } from "./dom.js";

const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "narrow" });
const UNITS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

export const count = (figure) => (figure === undefined || figure === null ? "–" : whole.format(figure));
export const brief = (figure) => short.format(figure);
export const bytes = (figure) =>
  figure < 1024
    ? `${count(figure)} B`
    : figure < 1 << 20
      ? `${(figure / 1024).toFixed(1)} KB`
      : `${(figure / (1 << 20)).toFixed(1)} MB`;
export const time = (moment) => clock.format(new Date(moment));

/** How long ago, or how long until. */
export function ago(moment, now = Date.now()) {
  const seconds = (new Date(moment) - now) / 1000;
  if (Math.abs(seconds) < 1) return "now";
  const [unit, length] = UNITS.find(([, length]) => Math.abs(seconds) >= length);
  return relative.format(Math.trunc(seconds / length), unit);
}

/** A time: how long ago, and exactly when under the pointer. */
export function when(moment, otherwise = "–") {
  if (!moment) return otherwise;
  const shown = `${exact.format(new Date(moment))} (${moment})`;
  return h("time", { datetime: moment, title: shown }, ago(moment));
}

/** Lets the times on the page grow older. */
export function growOlder() {
  for (const element of document.querySelectorAll("time[datetime]")) {
    const text = ago(element.dateTime);
    if (element.textContent !== text) element.textContent = text;
  }
}

/** A state: `ok`, `busy`, `warn`, `bad` or `idle`, and the word for it. */
export const badge = (level, word, title) => h("span", { class: `badge ${level}`, title }, word);

const LEVELS = {
  ok: "ok restricted:warn banned:bad offboarded:bad",
  route: "closed:ok half-open:warn open:bad",
  disposition: "routed:ok inactive:idle test:idle quarantined:warn",
  delivery:
    "delivered:ok under_way:busy waiting:warn pending:busy parked:warn held:warn dead:bad filtered:idle not_offered:idle removed:idle failed:warn",
  message:
    "queued:busy sending:busy accepted:ok sent:ok delivered:ok read:ok played:ok failed:bad unknown:warn expired:bad cancelled:idle",
  finding: "ok warn:warn fail:bad skipped:idle",
  replay: "running:busy done:ok cancelled:idle",
};
const TABLE = Object.fromEntries(
  Object.entries(LEVELS).map(([kind, text]) => [
    kind,
    Object.fromEntries(text.split(" ").map((pair) => [pair.split(":")[0], pair.split(":")[1] ?? "ok"])),
  ]),
);

/** The state `word` of a kind, such as `message`. */
export const state = (kind, word) => (word ? badge(TABLE[kind]?.[word] ?? "idle", said(word)) : "");

/** A word of the API as people write it. */
export const said = (word) => String(word).replaceAll("_", " ");

/** `1 event`, `2 events`. */
export const many = (figure, noun) => `${count(figure)} ${noun}${figure === 1 ? "" : "s"}`;
