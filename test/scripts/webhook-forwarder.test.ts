import type { lookup as systemLookup } from "node:dns";
import { afterEach, describe, expect, test } from "vitest";
import { type Forwarder, startForwarder } from "../../scripts/webhook-forwarder.ts";
import { sendUnfinished } from "../support/unfinished-request.ts";
import { startWebhookReceiver, type WebhookReceiver } from "../support/webhook-receiver.ts";

const secret = "s".repeat(32);
let forwarder: Forwarder | undefined;
let receiver: WebhookReceiver | undefined;

afterEach(async () => {
  await forwarder?.stop();
  await receiver?.stop();
  [forwarder, receiver] = [undefined, undefined];
});

/** A resolver that knows these addresses for every name. */
function resolving(...addresses: readonly string[]): typeof systemLookup {
  const lookup = (_name: string, _options: object, done: (error: null, found: object[]) => void) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  // Only the form that asks for all addresses is called.
  return lookup as unknown as typeof systemLookup;
}

async function send(target: string, headers: Record<string, string> = { authorization: `Bearer ${secret}` }) {
  const answer = await fetch(forwarder?.url ?? "", {
    method: "POST",
    headers: { ...headers, "x-webhook-url": target, "webhook-id": "msg_1", "content-type": "application/json" },
    body: '{"type":"job.succeeded"}',
  });
  await answer.arrayBuffer();
  return answer.status;
}

const options = { host: "127.0.0.1", port: 0, secret };

describe("a forwarder of webhooks", () => {
  test("sends the message on as it came, without the Worker's credential, and answers with the receiver's status", async () => {
    receiver = await startWebhookReceiver([202, 410]);
    forwarder = await startForwarder({ ...options, rules: { targets: "any", hosts: [] } });
    expect(await send(receiver.url)).toBe(202);
    const { headers, body } = await receiver.received(0);
    expect(body).toBe('{"type":"job.succeeded"}');
    expect(headers).toMatchObject({ "webhook-id": "msg_1", "content-type": "application/json" });
    expect(headers["authorization"]).toBeUndefined();
    expect(headers["x-webhook-url"]).toBeUndefined();
    expect(await send(receiver.url)).toBe(410);
  });

  test.each([["127.0.0.1"], ["10.0.0.7"], ["169.254.169.254"], ["fd00::1"], ["93.184.216.34", "192.168.0.1"]])(
    "refuses a public name that leads to %s",
    async (...addresses) => {
      forwarder = await startForwarder({
        ...options,
        rules: { targets: "public", hosts: [] },
        lookup: resolving(...addresses),
      });
      expect(await send("https://hooks.example.com/")).toBe(403);
    },
  );

  test("refuses addresses that the Worker would refuse, and whoever does not show its secret", async () => {
    forwarder = await startForwarder({ ...options, rules: { targets: "public", hosts: [] } });
    expect(await send("https://10.0.0.1/")).toBe(403);
    expect(await send("http://hooks.example.com/")).toBe(403);
    expect(await send("https://hooks.example.com/", {})).toBe(401);
    expect(await send("https://hooks.example.com/", { authorization: `Bearer ${"t".repeat(32)}` })).toBe(401);
  });

  test("outlives a sender that leaves in the middle of a message", async () => {
    forwarder = await startForwarder({ ...options, rules: { targets: "public", hosts: [] } });
    const headers = { authorization: `Bearer ${secret}`, "x-webhook-url": "https://hooks.example.com/" };
    const left = sendUnfinished({ url: forwarder.url, headers, bytes: 1_000 });
    expect(await send("https://10.0.0.1/")).toBe(403);
    left.leave();
    expect(await left.status).toBeUndefined();
    expect(await send("https://10.0.0.1/")).toBe(403);
  });

  test("answers 502 where nobody listens", async () => {
    receiver = await startWebhookReceiver();
    const { url } = receiver;
    await receiver.stop();
    receiver = undefined;
    forwarder = await startForwarder({ ...options, rules: { targets: "any", hosts: [] } });
    expect(await send(url)).toBe(502);
  });
});
