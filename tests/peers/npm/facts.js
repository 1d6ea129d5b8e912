// What is true of every client of the Cloud API that sends through Wharf. A test file brings the client.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { House } from "./house.js";
import { until } from "./program.js";

const PICTURE = Buffer.from("no real picture, but nobody looks");
// The simulated Meta makes faults for recipients that end below 1000.
const FIRST_CUSTOMER = 479_000_5000;

/** Declares the tests of a client. `connect` gets the base URL, the token and the number, and says how it does what. */
export function facts(name, connect) {
  let house, client;
  let customer = FIRST_CUSTOMER;
  const next = () => String(customer++);
  before(async () => {
    house = await House.start();
    client = connect(house.url, house.key, house.number);
  });
  after(async () => {
    const code = await house?.stop();
    assert.equal(code, 0, "Wharf drains and ends well when it is told to");
  });

  /** Wharf's record of what was sent, found as an application finds it: by the first status. */
  async function record(wamid) {
    assert.match(wamid, /^wamid\./, "Meta's own id, as Graph answered");
    const [status] = await until(`a status of ${wamid}`, () => nonempty(house.application.statuses(wamid)));
    return house.api(`messages/${status.wharfMessage}`);
  }

  for (const kind of ["text", "image", "template", "interactive"]) {
    test(`${name} sends: ${kind}`, async () => {
      const to = next();
      const message = await record(await client[kind](to));
      assert.deepEqual([message.kind, message.to, message.number], [kind, to, house.number]);
      assert.deepEqual(message.attempts.map((attempt) => attempt.status), [200]);
    });
  }

  test(`${name} sees its own value in the statuses, and states follow them to read`, async () => {
    const sent = new Map();
    // One message in five is never read.
    for (let nth = 0; nth < 12; nth++) sent.set(await client.text(next(), `order "${nth}"`), `order "${nth}"`);
    const has = (wamid, word) => house.application.statuses(wamid).some(({ status }) => status === word);
    const told = (word) => [...sent.keys()].filter((wamid) => has(wamid, word));
    await until("all are delivered and some are read", () => told("delivered").length === 12 && told("read").length > 0);
    for (const wamid of told("read")) {
      await until(`${wamid} is read`, async () => (await record(wamid)).state === "read");
    }
    for (const [wamid, own] of sent) {
      for (const status of house.application.statuses(wamid)) assert.equal(status.biz_opaque_callback_data, own);
    }
  });

  test(`${name} never sees Wharf's mark`, async () => {
    const wamid = await client.text(next());
    const [status] = await until("a status", () => nonempty(house.application.statuses(wamid)));
    assert.equal("biz_opaque_callback_data" in status, false);
    for (const { text } of house.application.deliveries) assert.doesNotMatch(text, /wharf:|msg_/);
  });

  test(`${name} marks a message as read`, async () => {
    const answer = await client.read("wamid.of-a-customer");
    assert.equal(answer.success, true);
  });

  test(`${name} uploads a file, looks it up, downloads it and deletes it, all by Wharf's key`, async () => {
    const id = await client.upload(PICTURE, "image/png");
    const node = await client.lookup(id);
    assert.match(node.url.replace(house.url, ""), new RegExp(`^/v\\d+\\.0/${id}/content$`), "it leads to Wharf");
    assert.equal(Number(node.file_size ?? node.fileSize), PICTURE.length);
    assert.equal((await fetch(node.url)).status, 401, "not without a key");
    assert.deepEqual(Buffer.from(await client.download(id, node.url)), PICTURE);
    assert.equal((await client.remove(id)).success, true);
    await assert.rejects(client.lookup(id));
  });

  test(`${name} gets Wharf's refusals as it gets Graph's`, async () => {
    const stranger = connect(house.url, "EAAGsomebody", house.number);
    await assert.rejects(stranger.text(next()), client.isUnauthorised);
  });
}

function nonempty(list) {
  return list.length > 0 && list;
}
