import { describe, expect, test } from "vitest";
import { signatureAgeSecondsMax } from "../../../shared/limits.ts";
import { createMemoryReplayGuard } from "../../../shared/wire/replay-guard.ts";
import { type SignedRequest, signRequest, verifyRequest } from "../../../shared/wire/request-signature.ts";

const secret = "s".repeat(32);
const signedAt = 1_795_000_000;
const stamp = { timestampSeconds: signedAt, nonce: "nonce-0123456789" };
const request: SignedRequest = {
  method: "POST",
  target: "/decode?format=png",
  body: new TextEncoder().encode("body"),
};

async function verdict(options: {
  readonly request?: Partial<SignedRequest>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly nowSeconds?: number;
  readonly secret?: string;
}): Promise<string> {
  const headers: Record<string, string> = { ...(await signRequest(secret, request, stamp)), ...options.headers };
  const nowSeconds = options.nowSeconds ?? signedAt;
  const result = await verifyRequest(
    options.secret ?? secret,
    { ...request, ...options.request },
    {
      header: (name) => headers[name],
      nowSeconds,
      replayGuard: createMemoryReplayGuard({ nowSeconds: () => nowSeconds }),
    },
  );
  return result.ok ? "accepted" : result.error;
}

describe("verifyRequest", () => {
  test("accepts what was signed", async () => {
    expect(await verdict({})).toBe("accepted");
  });

  test("a signature never changes between releases", async () => {
    const headers = await signRequest(secret, request, stamp);
    expect(headers["x-wuerstchen-signature"]).toBe("bf3fd3b5d43bc928d6bf7e7918fd0266103b759f594042cd29063435e32a4884");
  });

  test.each<[string, Partial<SignedRequest>]>([
    ["another method", { method: "PUT" }],
    ["another path", { target: "/stage-c?format=png" }],
    ["another query", { target: "/decode?format=webp" }],
    ["another body", { body: new TextEncoder().encode("bodY") }],
    ["no body", { body: new Uint8Array() }],
  ])("refuses %s than was signed", async (_, change) => {
    expect(await verdict({ request: change })).toBe("mismatch");
  });

  test("refuses another secret's signature", async () => {
    expect(await verdict({ secret: "t".repeat(32) })).toBe("mismatch");
  });

  test("refuses a timestamp or nonce changed after signing", async () => {
    expect(await verdict({ headers: { "x-wuerstchen-timestamp": String(signedAt + 1) } })).toBe("mismatch");
    expect(await verdict({ headers: { "x-wuerstchen-nonce": "nonce-0123456780" } })).toBe("mismatch");
  });

  test("accepts up to the age limit on both sides, and nothing beyond it", async () => {
    for (const sign of [1, -1]) {
      expect(await verdict({ nowSeconds: signedAt + sign * signatureAgeSecondsMax })).toBe("accepted");
      expect(await verdict({ nowSeconds: signedAt + sign * (signatureAgeSecondsMax + 1) })).toBe("stale");
    }
  });

  test.each([
    [{ "x-wuerstchen-signature": "" }, "missing"],
    [{ "x-wuerstchen-nonce": "" }, "missing"],
    [{ "x-wuerstchen-timestamp": "" }, "missing"],
    [{ "x-wuerstchen-signature": "zz".repeat(32) }, "malformed"],
    [{ "x-wuerstchen-signature": "00" }, "malformed"],
    [{ "x-wuerstchen-nonce": "short" }, "malformed"],
    [{ "x-wuerstchen-nonce": "nonce\n0123456789" }, "malformed"],
    [{ "x-wuerstchen-timestamp": "1e9" }, "malformed"],
  ])("refuses the headers %o", async (headers, fault) => {
    expect(await verdict({ headers: headers as Record<string, string> })).toBe(fault);
  });

  test("accepts a request once, and not again as long as its signature is fresh", async () => {
    let nowSeconds = signedAt;
    const replayGuard = createMemoryReplayGuard({ nowSeconds: () => nowSeconds });
    const headers: Record<string, string> = await signRequest(secret, request, stamp);
    const send = () => verifyRequest(secret, request, { header: (name) => headers[name], nowSeconds, replayGuard });
    expect(await send()).toEqual({ ok: true, value: undefined });
    expect(await send()).toEqual({ ok: false, error: "replayed" });
    nowSeconds += signatureAgeSecondsMax;
    expect(await send()).toEqual({ ok: false, error: "replayed" });
  });

  test("a forged request does not use up the nonce of a true one", async () => {
    const replayGuard = createMemoryReplayGuard({ nowSeconds: () => signedAt });
    const headers: Record<string, string> = await signRequest(secret, request, stamp);
    const context = { header: (name: string) => headers[name], nowSeconds: signedAt, replayGuard };
    expect(await verifyRequest(secret, { ...request, method: "PUT" }, context)).toMatchObject({ error: "mismatch" });
    expect(await verifyRequest(secret, request, context)).toMatchObject({ ok: true });
  });
});

describe("createMemoryReplayGuard", () => {
  test("forgets a nonce only after it expired", () => {
    let nowSeconds = 100;
    const guard = createMemoryReplayGuard({ nowSeconds: () => nowSeconds });
    expect(guard.remember("a", 160)).toBe(true);
    nowSeconds = 160;
    expect(guard.remember("a", 220)).toBe(false);
    nowSeconds = 161;
    expect(guard.remember("a", 221)).toBe(true);
  });

  test("when full it refuses rather than forget, and has room again once entries expired", () => {
    let nowSeconds = 100;
    const guard = createMemoryReplayGuard({ nowSeconds: () => nowSeconds, capacity: 2 });
    expect([guard.remember("a", 110), guard.remember("b", 160), guard.remember("c", 160)]).toEqual([true, true, false]);
    nowSeconds = 111;
    expect([guard.remember("c", 170), guard.remember("b", 170)]).toEqual([true, false]);
  });
});
