import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { formatApiKey, hashApiKey } from "../../../workers/auth/api-key.ts";
import { createKeyDirectory, directoryKey } from "../../../workers/auth/key-directory.ts";
import { parseEnv } from "../../../workers/env.ts";

const namespace = parseEnv(env).API_KEYS;
const directory = createKeyDirectory(namespace);

async function newKey() {
  const key = await formatApiKey(crypto.getRandomValues(new Uint8Array(16)));
  return { key, sha256: await hashApiKey(key) };
}

test("a key that was entered is found with its account, until it is taken out", async () => {
  const { key, sha256 } = await newKey();
  await directory.put({ account: "team-1", sha256 });
  expect(await directory.find(key)).toEqual({ account: "team-1", sha256 });
  expect(await namespace.list()).not.toContain(key);
  await directory.remove(sha256);
  expect(await directory.accountOf(sha256)).toBeUndefined();
});

test("a key that was not entered is not found", async () => {
  expect(await directory.find((await newKey()).key)).toBeUndefined();
});

test.each(["", "{", "[]", "null", JSON.stringify({ account: "Not An Id" })])(
  "a damaged record lets nobody in: %j",
  async (stored) => {
    const { key, sha256 } = await newKey();
    await namespace.put(directoryKey(sha256), stored);
    expect(await directory.find(key)).toBeUndefined();
  },
);

test("a text that cannot be a key is refused without a look-up", async () => {
  const unreachable = () => {
    throw new TypeError("looked up");
  };
  const guarded = createKeyDirectory({ get: unreachable, put: unreachable, delete: unreachable });
  for (const text of ["", "we_", "x".repeat(10_000), `we_${"0".repeat(28)}`]) {
    expect(await guarded.find(text)).toBeUndefined();
  }
});
