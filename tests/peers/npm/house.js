// A gateway between a simulated Meta and an application, each on loopback with a free port. Knows no client.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Application } from "./application.js";
import { PATIENCE_MS, Program } from "./program.js";

const URI = "support";
const APP_ID = "670843887433847";
const APP_SECRET = "what Meta signs with";
const ROUTE_SECRET = "what Wharf signs with";
const VERIFY_TOKEN = "what Meta says first";
const TOKEN = "EAAGpeers";
const OPERATOR = "a key that opens everything in this test";

export class House {
  /** What an application gives its client as the token: a key of Wharf's that may send and nothing else. */
  key = "a key that may send in this test";
  #programs = [];

  /** Starts everything and engages one account of one number. */
  static async start() {
    const house = new House();
    try {
      await house.#start();
    } catch (error) {
      await house.stop();
      throw error;
    }
    return house;
  }

  async #start() {
    this.folder = await mkdtemp(join(tmpdir(), "wharf-peers-"));
    this.application = await Application.start(ROUTE_SECRET);
    const meta = ["--app-id", APP_ID, "--app-secret", APP_SECRET, "--token", TOKEN];
    const size = ["--listen", "127.0.0.1:0", "--accounts", "1", "--numbers", "1"];
    const quiet = ["--rate", "0", "--disorder", "0", "--send-latency", "20"];
    const sandbox = this.#run(["sandbox", ...size, ...quiet, ...meta]);
    const graph = (await sandbox.waitFor(/base_url += "(http:\/\/127\.0\.0\.1:\d+)"/))[1];
    const settings = join(this.folder, "wharf.toml");
    await writeFile(settings, this.#settings(graph));
    this.wharf = this.#run(["serve", "--config", settings], { RUST_LOG: "info" });
    [, this.url, this.ops] = await this.wharf.waitFor(/callbacks at (http:[/\d.:]+), operators at (http:[/\d.:]+)/);
    await this.#register(graph);
    await this.#verb("setup");
    const [account] = await this.#verb("subscribe");
    this.number = account.phone_numbers[0].id;
  }

  /** What operators see at `/api/{path}`. */
  async api(path) {
    return ask(`${this.ops}/api/${path}`, OPERATOR);
  }

  /** Ends what runs, last started first; Wharf's exit code. */
  async stop() {
    const codes = [];
    for (const program of this.#programs.reverse()) codes.push(await program.stop());
    this.application?.stop();
    if (this.folder) await rm(this.folder, { recursive: true });
    return codes[0];
  }

  #run(args, env) {
    const program = new Program(args, env);
    this.#programs.push(program);
    return program;
  }

  /** What the App Dashboard does: Meta shakes hands with the callback and remembers it. */
  async #register(graph) {
    const body = new URLSearchParams({
      object: "whatsapp_business_account",
      callback_url: `${this.url}/${URI}`,
      verify_token: VERIFY_TOKEN,
      fields: "messages",
    });
    await ask(`${graph}/v25.0/${APP_ID}/subscriptions`, `${APP_ID}|${APP_SECRET}`, { method: "POST", body });
  }

  async #verb(verb) {
    return ask(`${this.url}/${URI}?whatsapp=${verb}`, OPERATOR);
  }

  #settings(graph) {
    return `
[server]
listen = "127.0.0.1:0"
ops_listen = "127.0.0.1:0"
[storage]
path = "${join(this.folder, "data")}"
[graph]
base_url = "${graph}"
[[gateway]]
uri = "${URI}"
whatsapp_token = "${TOKEN}"
app_secret = "${APP_SECRET}"
app_id = "${APP_ID}"
verify_token = "${VERIFY_TOKEN}"
[[gateway.route]]
name = "bot"
url = "${this.application.url}"
secret = "${ROUTE_SECRET}"
[[key]]
name = "operator"
secret = "${OPERATOR}"
scopes = ["admin", "inspect"]
[[key]]
name = "application"
secret = "${this.key}"
scopes = ["send"]
`;
  }
}

async function ask(url, token, options = {}) {
  const headers = { Authorization: `Bearer ${token}` };
  const answer = await fetch(url, { ...options, headers, signal: AbortSignal.timeout(PATIENCE_MS) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${text}`);
  return JSON.parse(text);
}
