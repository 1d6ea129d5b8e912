// Small plots: one series, drawn in SVG. What the pointer is on is said in words above it.

import { h, s } from "./dom.js";
import { brief, time } from "./words.js";

const [WIDTH, HEIGHT] = [240, 44];

/** Figures per second from counts per step. The last step is under way and left out. */
export const perSecond = (counts, step_s) => counts.slice(0, -1).map((figure) => figure / step_s);

/** A plot of `figures` (per second), the first at `from`, one every `step_s`. */
export function plot(name, figures, from, step_s, level = "") {
  const top = Math.max(1, ...figures);
  const x = (nth) => (figures.length < 2 ? WIDTH : (nth / (figures.length - 1)) * WIDTH);
  const y = (figure) => HEIGHT - 2 - (figure / top) * (HEIGHT - 6);
  const points = figures.map((figure, nth) => `${x(nth).toFixed(1)} ${y(figure).toFixed(1)}`);
  const now = figures.at(-1) ?? 0;
  const most = Math.max(0, ...figures);
  const says = h("span", { class: "reading" });
  const mark = s("line", { y1: 0, y2: HEIGHT, class: "mark", visibility: "hidden" });
  const rest = () => {
    says.textContent = figures.length ? `${rate(now)} · most ${rate(most)}` : "collecting the first 10 s…";
    mark.setAttribute("visibility", "hidden");
  };
  const point = (event) => {
    const place = event.currentTarget.getBoundingClientRect();
    const nth = Math.round(((event.clientX - place.left) / place.width) * (figures.length - 1));
    if (!(nth >= 0 && nth < figures.length)) return rest();
    says.textContent = `${rate(figures[nth])} at ${time(Date.parse(from) + nth * step_s * 1000)}`;
    for (const end of ["x1", "x2"]) mark.setAttribute(end, x(nth));
    mark.setAttribute("visibility", "visible");
  };
  rest();
  const drawing = s(
    "svg",
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      role: "img",
      class: `plot ${most ? level : "idle"}`,
      "aria-label": `${name}: now ${rate(now)}, most ${rate(most)}`,
      onpointermove: point,
      onpointerleave: rest,
    },
    s("line", { x1: 0, x2: WIDTH, y1: HEIGHT - 1, y2: HEIGHT - 1, class: "ground" }),
    points.length > 1 && s("path", { class: "area", d: `M0 ${HEIGHT}L${points.join("L")}L${WIDTH} ${HEIGHT}Z` }),
    points.length > 1 && s("path", { class: "stroke", d: `M${points.join("L")}` }),
    mark,
  );
  return h("figure", {}, h("figcaption", {}, h("b", {}, name), says), drawing);
}

const rate = (figure) => `${figure < 10 && figure % 1 ? figure.toFixed(1) : brief(Math.round(figure))}/s`;
