// Programs under test: started on free ports, watched, and ended by their process id. Knows no payloads.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const WHARF = process.env.WHARF_BIN ?? fileURLToPath(new URL("../../../target/debug/wharf", import.meta.url));
// Everything happens on one machine within milliseconds; this long means that it stands still.
export const PATIENCE_MS = 30_000;

/** The first true value of `condition`, or an error that says `what` did not happen. */
export async function until(what, condition) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
    await new Promise((resume) => setTimeout(resume, 10));
  }
}

/** A running program whose output is kept line by line. */
export class Program {
  constructor(args, env = {}) {
    // Nothing of the caller's settings must leak in.
    const clean = Object.entries(process.env).filter(([name]) => !name.startsWith("WHARF_"));
    this.output = "";
    this.child = spawn(WHARF, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...Object.fromEntries(clean), ...env } });
    this.ended = once(this.child, "exit");
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (this.output += text));
    }
  }

  /** The match of `pattern` in what it has written. */
  async waitFor(pattern) {
    const hasEnded = () => this.child.exitCode !== null || this.child.signalCode !== null;
    const found = await until(`${pattern}, or an end`, () => this.output.match(pattern) ?? hasEnded()).catch(() => null);
    if (!found?.length) throw new Error(`no ${pattern} in:\n${this.output}`);
    return found;
  }

  /** Asks it to end and waits; the exit code, `null` after a signal. */
  async stop() {
    this.child.kill("SIGTERM");
    const late = setTimeout(() => this.child.kill("SIGKILL"), PATIENCE_MS);
    const [code] = await this.ended;
    clearTimeout(late);
    return code;
  }
}
