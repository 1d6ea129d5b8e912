// What no account here owns, by the account it names, and the items of one gateway.

import { get, path, post } from "./api.js";
import { button } from "./confirm.js";
import { code, empty, h, link, section } from "./dom.js";
import { customer } from "./events.js";
import { pages, table } from "./table.js";
import { bytes, count, many, said, when } from "./words.js";

export function quarantine(stay, gateway) {
  const claims = stay.shows(
    (signal) => get("quarantine?limit=1", signal),
    ({ claims }, again) =>
      claims.length
        ? table("Quarantine", [...CLAIMS, ["", (claim) => engage(claim, again)]], claims)
        : empty("The quarantine is empty: everything that came belongs to an engaged account."),
  );
  const load = async (after = 0) => {
    const { events } = await get(
      `quarantine?gateway=${encodeURIComponent(gateway)}&limit=50&after=${after}`,
      stay.signal,
    );
    return { rows: events, next: events.length === 50 ? events.at(-1).seq : undefined };
  };
  const node = h(
    "div",
    {},
    h("h1", {}, "Quarantine"),
    h(
      "p",
      { class: "lede" },
      "Signed by Meta, but for an account that is not engaged at that gateway. Setting the account up takes its items out and routes them.",
    ),
    claims,
    gateway && section(`At ${gateway}, oldest first`, pages("Items", ITEMS, load)),
  );
  return { title: "Quarantine", node };
}

/** Takes the items of an account out by engaging it. */
function engage({ gateway, claimed, count: items }, again) {
  if (!claimed) return "";
  const does = async () => {
    const [account] = await post(path("gateways", gateway, "verbs", "setup"), { ids: [claimed] });
    if (!account || account.error)
      throw new Error(
        account?.error?.detail ?? account?.error?.message ?? "Meta shows no such account to this gateway's token.",
      );
    return `${account.name ?? claimed} is engaged.`;
  };
  const says = [
    "Meta is asked whether the gateway's token can see it; only then it is engaged.",
    `Its ${many(items, "item")} leave the quarantine: to its routes if it is subscribed, else they are kept as inactive.`,
  ];
  return button("Set up", does, {
    id: `engage-${gateway}-${claimed}`,
    then: again,
    asks: { title: `Set up account ${claimed}?`, says },
  });
}

const CLAIMS = [
  ["Account it names", (claim) => (claim.claimed ? code(claim.claimed) : "none")],
  ["Gateway", (claim) => link(path("quarantine", claim.gateway), claim.gateway)],
  ["Items", (claim) => count(claim.count), "number"],
  ["Size", (claim) => bytes(claim.bytes), "number"],
  ["First", (claim) => link(path("events", claim.first), code(claim.first))],
];

const ITEMS = [
  ["When", (event) => when(event.received_at)],
  ["Event", (event) => link(path("events", event.id), code(event.id))],
  ["Kind", (event) => said(event.type)],
  ["Account it names", (event) => code(event.claimed)],
  ["From", (event) => customer(event.dialog)],
  ["Size", (event) => bytes(event.bytes), "number"],
];
