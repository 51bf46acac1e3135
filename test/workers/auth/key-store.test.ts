import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { formatApiKey, hashApiKey } from "../../../workers/auth/api-key.ts";
import { apiKeyRecordKey } from "../../../workers/auth/api-key-record.ts";
import { createKeyStore } from "../../../workers/auth/key-store.ts";
import { parseEnv } from "../../../workers/env.ts";

const namespace = parseEnv(env).API_KEYS;
const store = createKeyStore(namespace);
const record = { account: "team-1", name: "laptop", created: "2026-11-22T12:00:00.000Z" };

async function keyWith(stored: string | undefined): Promise<string> {
  const key = await formatApiKey(crypto.getRandomValues(new Uint8Array(16)));
  if (stored !== undefined) await namespace.put(apiKeyRecordKey(await hashApiKey(key)), stored);
  return key;
}

test("a key that was stored is found with its account", async () => {
  expect(await store.find(await keyWith(JSON.stringify(record)))).toEqual(record);
});

test("a key that was not stored is not found", async () => {
  expect(await store.find(await keyWith(undefined))).toBeUndefined();
});

test.each(["", "{", "[]", "null", JSON.stringify({ ...record, account: "Not An Id" })])(
  "a damaged record lets nobody in: %j",
  async (stored) => {
    expect(await store.find(await keyWith(stored))).toBeUndefined();
  },
);

test("a text that cannot be a key is refused without a look-up", async () => {
  const unreachable = createKeyStore({
    get() {
      throw new TypeError("looked up");
    },
  });
  for (const text of ["", "we_", "x".repeat(10_000), `we_${"0".repeat(28)}`]) {
    expect(await unreachable.find(text)).toBeUndefined();
  }
});
