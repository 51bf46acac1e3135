import { expect, test } from "vitest";
import { fromHex, toHex } from "../../shared/hex.ts";
import { hmacSha256, sha256, verifyHmacSha256 } from "../../shared/hmac.ts";

const secret = "k".repeat(32);

test("SHA-256 and HMAC-SHA-256 agree with Python's hashlib and hmac", async () => {
  expect(toHex(await sha256(new TextEncoder().encode("abc")))).toBe(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
  expect(toHex(await hmacSha256(secret, "würstchen"))).toBe(
    "a8ab25796278a6b51b594410ff56660f1990310ba7053d202b41b4fc6609f1be",
  );
});

test("a signature holds for its own text and secret only", async () => {
  const signature = await hmacSha256(secret, "text");
  expect(await verifyHmacSha256(secret, "text", signature)).toBe(true);
  expect(await verifyHmacSha256(secret, "texT", signature)).toBe(false);
  expect(await verifyHmacSha256("K".repeat(32), "text", signature)).toBe(false);
  expect(await verifyHmacSha256(secret, "text", signature.subarray(0, 31))).toBe(false);
});

test("a secret shorter than 32 characters is refused without being shown", async () => {
  await expect(hmacSha256("short-secret", "text")).rejects.toThrow(/at least 32/u);
  await expect(hmacSha256("short-secret", "text")).rejects.not.toThrow(/short-secret/u);
});

test("hexadecimal text is read back as the same bytes, and anything else is refused", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  expect(fromHex(toHex(bytes))).toEqual(bytes);
  expect(fromHex("0aFf")).toEqual(Uint8Array.of(10, 255));
  for (const text of ["0", "0g", "0x", " 0", "-1"]) expect(fromHex(text)).toBeUndefined();
});
