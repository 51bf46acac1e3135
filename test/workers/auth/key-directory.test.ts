import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { formatApiKey, hashApiKey } from "../../../workers/auth/api-key.ts";
import { createKeyDirectory, directoryKey } from "../../../workers/auth/key-directory.ts";
import { parseEnv } from "../../../workers/env.ts";

const namespace = parseEnv(env).API_KEYS;
const clock = { nowMs: 0 };
const nowMs = () => clock.nowMs;
const directory = createKeyDirectory(namespace, nowMs);

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
  const guarded = createKeyDirectory({ get: unreachable, put: unreachable, delete: unreachable }, nowMs);
  for (const text of ["", "we_", "x".repeat(10_000), `we_${"0".repeat(28)}`]) {
    expect(await guarded.find(text)).toBeUndefined();
  }
});

test("whose a key is, is asked of the store once a minute, and again after it was entered anew or taken out", async () => {
  const { key, sha256 } = await newKey();
  let asked = 0;
  const get = (...call: [string, { type: "text"; cacheTtl: number }]) => {
    asked += Number(call[0] === directoryKey(sha256));
    return namespace.get(...call);
  };
  const counted = createKeyDirectory(
    { get: get as typeof namespace.get, put: namespace.put.bind(namespace), delete: namespace.delete.bind(namespace) },
    nowMs,
  );
  await counted.put({ account: "team-1", sha256 });
  for (let i = 0; i < 5; i += 1) expect((await counted.find(key))?.account).toBe("team-1");
  expect(asked).toBe(1);
  clock.nowMs += 60_000;
  expect((await counted.find(key))?.account).toBe("team-1");
  expect(asked).toBe(2);
  await counted.remove(sha256);
  await counted.find(key);
  expect(asked).toBe(3);
});

test("a key that was not found is asked for again at once", async () => {
  const { key, sha256 } = await newKey();
  expect(await directory.find(key)).toBeUndefined();
  await directory.put({ account: "team-1", sha256 });
  expect(await directory.find(key)).toEqual({ account: "team-1", sha256 });
});
