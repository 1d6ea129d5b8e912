// The frame around every page: who is signed in, where one can go, and which page an address means.

import { session, signIn, signOut } from "./api.js";
import { told } from "./confirm.js";
import { h } from "./dom.js";
import { Stay } from "./stay.js";
import { growOlder } from "./words.js";
import { account } from "./account.js";
import { audit } from "./audit.js";
import { doctor } from "./doctor.js";
import { event } from "./event.js";
import { keys } from "./keys.js";
import { letters } from "./letters.js";
import { message } from "./message.js";
import { nothing } from "./nothing.js";
import { overview } from "./overview.js";
import { quarantine } from "./quarantine.js";
import { signin } from "./signin.js";

/** Addresses behind the `#/`, and the pages they mean. */
const PAGES = [
  [/^$/, overview],
  [/^accounts\/([^/]+)(?:\/([a-z]+))?$/, account],
  [/^events\/([^/]+)$/, event],
  [/^messages\/([^/]+)$/, message],
  [/^quarantine(?:\/([^/]+))?$/, quarantine],
  [/^dead$/, letters],
  [/^audit$/, audit],
  [/^doctor$/, doctor],
  [/^keys$/, keys],
];
const PLACES = [
  ["", "Overview"],
  ["dead", "Dead letters"],
  ["quarantine", "Quarantine"],
  ["doctor", "Doctor"],
  ["audit", "Audit"],
  ["keys", "Keys"],
];

const main = h("main", { id: "content", tabindex: -1 });
const nav = h("nav", { "aria-label": "Pages" });
const who = h("div", { class: "who" });
let stay;

function here() {
  try {
    return decodeURI(location.hash.replace(/^#\/?/, ""));
  } catch {
    return "nowhere";
  }
}

/** Leaves the page that is shown, and shows the one that the address means. */
function show() {
  stay?.leave();
  stay = new Stay();
  const place = here();
  const found = session.open && PAGES.map(([pattern, page]) => [pattern.exec(place), page]).find(([match]) => match);
  frame(place);
  main.replaceChildren();
  const shown = !session.open
    ? signin(stay, show)
    : found
      ? found[1](stay, ...found[0].slice(1).map(decoded))
      : nothing(place);
  main.append(shown.node);
  document.title = shown.title ? `${shown.title} · Wharf` : "Wharf";
  if (session.open) main.focus({ preventScroll: true });
  // On a phone the names of pages are wider than the screen.
  for (const here of document.querySelectorAll("nav [aria-current]")) here.scrollIntoView({ inline: "nearest" });
  scrollTo(0, 0);
}

const decoded = (part) => part && decodeURIComponent(part);

function frame(place) {
  const current = (path) => (path === place || (path && place.startsWith(`${path}/`)) ? "page" : undefined);
  nav.replaceChildren(
    ...(session.open ? PLACES : []).map(([path, name]) =>
      h("a", { href: `#/${path}`, "aria-current": current(path) }, name),
    ),
  );
  const scopes = session.me?.scopes.join(", ");
  who.replaceChildren(
    ...(session.open
      ? [
          h("span", { title: scopes && `may ${scopes}` }, session.me.name),
          h("button", { type: "button", onclick: () => signOut() }, "Sign out"),
        ]
      : []),
  );
}

async function open() {
  document.body.append(
    h(
      "a",
      {
        class: "skip",
        href: "#content",
        onclick: (event) => {
          event.preventDefault();
          main.focus();
        },
      },
      "Skip to the content",
    ),
    h(
      "header",
      {},
      h("a", { class: "name", href: "#/" }, h("img", { src: "/ui/icon.svg", alt: "", width: 26, height: 26 }), "Wharf"),
      nav,
      who,
    ),
    main,
    h("footer", {}, h("a", { href: "/api/docs" }, "API"), h("a", { href: "/metrics" }, "Metrics")),
    told(),
  );
  addEventListener("hashchange", show);
  addEventListener("signed-out", (event) => {
    show();
    if (event.detail) main.querySelector("[role=alert]").textContent = event.detail;
  });
  setInterval(growOlder, 5000);
  // Whoever reloads the page is still signed in.
  if (session.key) await signIn(session.key).catch(() => {});
  show();
}

open();
