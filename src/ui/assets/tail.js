// What happens at an account, as it happens. Bounded: a thousand events a second cost no more than a few.

import { path, stream } from "./api.js";
import { code, h, link } from "./dom.js";
import { trouble } from "./stay.js";
import { many, said, state, time } from "./words.js";

/** Rows shown, and waiting to be shown, at most. */
const ROWS = 200;
/** Rows are drawn together, so often. */
const DRAW_MS = 250;

export function tail(stay, waba) {
  const body = h("tbody");
  const says = h("p", { class: "hint", role: "status" }, "Stopped. Nothing is kept while it is.");
  const kinds = ["event", "delivery", "send"].map((kind) =>
    h(
      "label",
      {},
      h("input", { type: "checkbox", id: `live-${kind}`, value: kind, checked: true }),
      ` ${kind === "delivery" ? "deliveries" : `${kind}s`}`,
    ),
  );
  const toggle = h(
    "button",
    { type: "button", class: "solid", id: "live", onclick: () => (ending ? stop() : start()) },
    "Start",
  );
  let ending,
    waiting = [],
    count = 0,
    passed = 0;

  const take = (kind, told) => {
    if (kind === "missed") passed += told.count;
    else {
      count += 1;
      waiting.push([kind, told]);
      if (waiting.length > ROWS) waiting.shift();
    }
  };
  const draw = () => {
    if (!ending || !waiting.length) return;
    body.prepend(...waiting.splice(0).reverse().map(row));
    while (body.rows.length > ROWS) body.lastChild.remove();
    says.textContent = `Live: ${many(count, "entry").replace("entrys", "entries")}${passed ? `, ${passed} more came too fast` : ""}. The last ${ROWS} are shown.`;
  };
  const stop = (why = "Stopped.") => {
    ending?.abort();
    ending = undefined;
    toggle.textContent = "Start";
    says.replaceChildren(why);
  };
  async function start() {
    const mine = (ending = new AbortController());
    [waiting, count, passed] = [[], 0, 0];
    toggle.textContent = "Stop";
    says.textContent = "Listening…";
    const wanted = kinds
      .map((label) => label.querySelector("input"))
      .filter((box) => box.checked)
      .map((box) => box.value);
    try {
      await stream(`${path("accounts", waba, "live")}?kind=${wanted.join()}`, mine.signal, take);
      if (mine === ending) stop("Wharf ended the stream. Start again to go on.");
    } catch (fault) {
      if (fault.name !== "AbortError" && mine === ending) stop(trouble(fault));
    }
  }
  const timer = setInterval(draw, DRAW_MS);
  stay.signal.addEventListener("abort", () => {
    clearInterval(timer);
    ending?.abort();
    ending = undefined;
  });
  return h(
    "div",
    {},
    h(
      "div",
      { class: "titled" },
      h("div", { class: "filters" }, kinds),
      h(
        "div",
        { class: "buttons" },
        toggle,
        h("button", { type: "button", onclick: () => body.replaceChildren() }, "Clear"),
      ),
    ),
    says,
    h(
      "table",
      { class: "live" },
      h("caption", { class: "unseen" }, "Live"),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["When", "What", "Which", "How"].map((name) => h("th", { scope: "col" }, name)),
        ),
      ),
      body,
    ),
  );
}

function row([kind, told]) {
  const cells =
    { event: ofEvent, delivery: ofDelivery, send: ofSend }[kind] ?? (() => [kind, "", JSON.stringify(told)]);
  const names = ["When", "What", "Which", "How"];
  return h(
    "tr",
    {},
    [time(told.at ?? Date.now()), ...cells(told)].map((cell, nth) =>
      h("td", { "data-name": names[nth] }, h("span", {}, cell)),
    ),
  );
}

const ofEvent = (event) => [
  `${said(event.type)} came`,
  link(path("events", event.id), code(event.id)),
  [state("disposition", event.disposition), event.routes?.length ? ` to ${event.routes.join(", ")}` : ""],
];
const ofDelivery = (delivery) => [
  "delivery",
  link(path("events", delivery.event), code(delivery.event)),
  [
    state("delivery", delivery.result),
    ` ${delivery.route}`,
    delivery.attempt > 1 ? `, attempt ${delivery.attempt}` : "",
    delivery.status ? `, ${delivery.status}` : "",
    delivery.reason ? `, ${delivery.reason}` : "",
    delivery.took_ms === null || delivery.took_ms === undefined ? "" : `, ${delivery.took_ms} ms`,
  ],
];
const ofSend = (send) => [
  "send",
  link(path("messages", send.message), code(send.message)),
  [state("message", send.state), ` to ${send.to}`, send.code ? `, ${send.code}` : ""],
];
