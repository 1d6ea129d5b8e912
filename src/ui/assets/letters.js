// The dead letters of every account that has some.

import { get, path, query } from "./api.js";
import { deadLetters } from "./dead.js";
import { empty, h, link, section } from "./dom.js";
import { many } from "./words.js";

/** Accounts shown with their letters; each is asked for on its own. */
const MOST = 20;

export function letters(stay) {
  const shown = stay.shows(
    withDead,
    ({ accounts, more }) =>
      accounts.length
        ? h(
            "div",
            {},
            accounts.map((account) =>
              section(
                link(path("accounts", account.id, "dead"), account.snapshot?.name || account.id),
                deadLetters(stay, account.id, 10),
              ),
            ),
            more > 0 && h("p", { class: "note" }, `${many(more, "account")} more have dead letters: see the overview.`),
          )
        : empty(
            "No account has dead letters.",
            "What is refused for good, or fails for 72 hours, lands here and can be redriven.",
          ),
    0,
  );
  const node = h(
    "div",
    {},
    h("h1", {}, "Dead letters"),
    h("p", { class: "lede" }, "Deliveries and messages that were given up. Mend the application first, then redrive."),
    shown,
  );
  return { title: "Dead letters", node };
}

/** The accounts with letters that can be redriven. */
export async function withDead(signal) {
  const all = [];
  let cursor;
  do {
    const part = await get(`accounts${query({ limit: 1000, cursor })}`, signal);
    all.push(...part.data.filter((account) => account.has_dead_letters));
    cursor = part.next;
  } while (cursor);
  return { accounts: all.slice(0, MOST).map(({ id, snapshot }) => ({ id, snapshot })), more: all.length - MOST };
}
