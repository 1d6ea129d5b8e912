// A stay on a page: what it does again and again, and what ends with it. Looks nowhere while nobody looks.

import { h, inUse, swap } from "./dom.js";

export class Stay {
  #leaving = new AbortController();
  signal = this.#leaving.signal;

  /** Ends everything that the page began. */
  leave() {
    this.#leaving.abort();
  }

  /** Does `work` now, and `ms` after it is done, as long as somebody looks. */
  every(ms, work) {
    let timer;
    const run = async () => {
      if (this.signal.aborted) return;
      if (!document.hidden) await work();
      if (!this.signal.aborted) timer = setTimeout(run, ms);
    };
    this.signal.addEventListener("abort", () => clearTimeout(timer));
    run();
  }

  /** A box that shows what `load` gives, and something else only when that is another. `box.again()` looks now. */
  shows(load, render, ms = 5000) {
    const box = h("div", { class: "shown" }, h("p", { class: "loading", role: "status" }, "Loading…"));
    let last;
    box.again = async () => {
      try {
        const told = await load(this.signal);
        const text = JSON.stringify(told);
        if (this.signal.aborted || text === last || inUse(box)) return;
        last = text;
        swap(box, render(told, box.again));
      } catch (fault) {
        if (this.signal.aborted) return;
        last = undefined;
        swap(box, trouble(fault));
      }
    };
    if (ms) this.every(ms, box.again);
    else box.again();
    return box;
  }
}

/** What went wrong, in the API's words. */
export const trouble = (fault) => h("p", { class: "note bad", role: "alert" }, fault.message);
