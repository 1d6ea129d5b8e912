// An application as Wharf's users have one: it takes deliveries, checks who signed them, and keeps them. Knows no client.

import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";

export class Application {
  /** Listens on a free port. */
  static async start(secret) {
    const application = new Application();
    application.secret = secret;
    application.deliveries = [];
    application.server = createServer((request, response) => application.#take(request, response));
    application.server.listen(0, "127.0.0.1");
    await once(application.server, "listening");
    application.url = `http://127.0.0.1:${application.server.address().port}/webhook`;
    return application;
  }

  /** The statuses it was told of message `wamid`, each with Wharf's id of the message. */
  statuses(wamid) {
    return this.deliveries.flatMap(({ text, wharfMessage }) => {
      const values = JSON.parse(text).entry.flatMap((entry) => entry.changes.map((change) => change.value));
      const statuses = values.flatMap((value) => value.statuses ?? []).filter((status) => status.id === wamid);
      return statuses.map((status) => ({ ...status, wharfMessage }));
    });
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }

  async #take(request, response) {
    const body = await buffer(request);
    const signed = Buffer.from(`sha256=${createHmac("sha256", this.secret).update(body).digest("hex")}`);
    const told = Buffer.from(request.headers["x-hub-signature-256"] ?? "");
    const genuine = signed.length === told.length && timingSafeEqual(signed, told);
    if (genuine) this.deliveries.push({ text: body.toString(), wharfMessage: request.headers["x-wharf-message"] });
    response.writeHead(genuine ? 200 : 401).end();
  }
}
