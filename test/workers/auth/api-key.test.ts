import { expect, test } from "vitest";
import { formatApiKey, hashApiKey, isWellFormedApiKey } from "../../../workers/auth/api-key.ts";
import { isAccountId } from "../../../workers/auth/key-directory.ts";

const random = Uint8Array.from({ length: 16 }, (_, i) => i * 16 + 7);

test("a key is we_ and 28 base62 digits, whatever the random bytes are", async () => {
  for (const bytes of [new Uint8Array(16), random, new Uint8Array(16).fill(255)]) {
    const key = await formatApiKey(bytes);
    expect(key).toMatch(/^we_[0-9A-Za-z]{28}$/u);
    expect(await isWellFormedApiKey(key)).toBe(true);
  }
});

test("different random bytes give different keys", async () => {
  const changed = Uint8Array.from(random, (byte, i) => (i === 15 ? byte ^ 1 : byte));
  expect(await formatApiKey(changed)).not.toBe(await formatApiKey(random));
});

test("a key with any one character changed is not well formed", async () => {
  const key = await formatApiKey(random);
  for (let at = 0; at < key.length; at += 1) {
    const other = key[at] === "x" ? "y" : "x";
    expect(await isWellFormedApiKey(`${key.slice(0, at)}${other}${key.slice(at + 1)}`)).toBe(false);
  }
  for (const text of ["", "we_", ` ${key}`, `${key}0`, key.slice(0, -1)]) {
    expect(await isWellFormedApiKey(text)).toBe(false);
  }
});

test("what is stored of a key is its SHA-256", async () => {
  expect(await hashApiKey("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("an account's id is short, lower-case and plain", () => {
  expect(["a", "team-1.prod_x", "0".repeat(64)].every(isAccountId)).toBe(true);
  expect(["", "A", "-a", "a b", "a/b", "a\n", "0".repeat(65)].some(isAccountId)).toBe(false);
});
