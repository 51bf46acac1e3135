import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { signatureAgeSecondsMax } from "../../../shared/limits.ts";
import { createMemoryReplayGuard } from "../../../shared/wire/replay-guard.ts";
import { hasDigest, type SignedRequest, signRequest, verifyHead } from "../../../shared/wire/request-signature.ts";

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
  readonly secrets?: readonly string[];
}): Promise<string> {
  const headers: Record<string, string> = { ...(await signRequest(secret, request, stamp)), ...options.headers };
  const nowSeconds = options.nowSeconds ?? signedAt;
  const asked = { ...request, ...options.request };
  const result = await verifyHead(
    options.secrets ?? [secret],
    { method: asked.method, target: asked.target },
    {
      header: (name) => headers[name],
      nowSeconds,
      replayGuard: createMemoryReplayGuard({ nowSeconds: () => nowSeconds }),
    },
  );
  if (!result.ok) return result.error;
  return (await hasDigest(asked.body, result.value)) ? "accepted" : "mismatch";
}

describe("a signed request", () => {
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
    expect(await verdict({ secrets: ["t".repeat(32)] })).toBe("mismatch");
  });

  test("is accepted by either secret while the secret is being changed", async () => {
    expect(await verdict({ secrets: ["t".repeat(32), secret] })).toBe("accepted");
    expect(await verdict({ secrets: [secret, "t".repeat(32)] })).toBe("accepted");
  });

  test("refuses a digest changed after signing, so that no byte of another body need be read", async () => {
    const other = await signRequest(secret, { ...request, body: new Uint8Array(3) }, stamp);
    expect(await verdict({ headers: { "content-digest": other["content-digest"] } })).toBe("mismatch");
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
    [{ "content-digest": "" }, "missing"],
    [{ "content-digest": `sha-512=:${"A".repeat(86)}==:` }, "malformed"],
    [{ "content-digest": `sha-256=:${"A".repeat(42)}=:` }, "malformed"],
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
    const send = () => verifyHead([secret], request, { header: (name) => headers[name], nowSeconds, replayGuard });
    expect(await send()).toMatchObject({ ok: true });
    expect(await send()).toEqual({ ok: false, error: "replayed" });
    nowSeconds += signatureAgeSecondsMax;
    expect(await send()).toEqual({ ok: false, error: "replayed" });
  });

  test("a forged request does not use up the nonce of a true one", async () => {
    const replayGuard = createMemoryReplayGuard({ nowSeconds: () => signedAt });
    const headers: Record<string, string> = await signRequest(secret, request, stamp);
    const context = { header: (name: string) => headers[name], nowSeconds: signedAt, replayGuard };
    expect(await verifyHead([secret], { ...request, method: "PUT" }, context)).toMatchObject({ error: "mismatch" });
    expect(await verifyHead([secret], request, context)).toMatchObject({ ok: true });
  });

  test("that a full guard cannot remember is told apart from one that is wrong", async () => {
    const replayGuard = createMemoryReplayGuard({ nowSeconds: () => signedAt, capacity: 0 });
    const headers: Record<string, string> = await signRequest(secret, request, stamp);
    const context = { header: (name: string) => headers[name], nowSeconds: signedAt, replayGuard };
    expect(await verifyHead([secret], request, context)).toEqual({ ok: false, error: "guard-full" });
  });
});

describe("a guard against replays", () => {
  test("forgets a nonce only after it expired", () => {
    let nowSeconds = 100;
    const guard = createMemoryReplayGuard({ nowSeconds: () => nowSeconds });
    expect(guard.remember("a", 160)).toBe("new");
    nowSeconds = 160;
    expect(guard.remember("a", 160)).toBe("seen");
    nowSeconds = 161;
    expect(guard.remember("b", 221)).toBe("new");
    expect(guard.remember("a", 221)).toBe("new");
  });

  test("takes ten times what filled the guard of before, in the lifetime of one signature, and refuses none", () => {
    let nowSeconds = 100;
    const guard = createMemoryReplayGuard({ nowSeconds: () => nowSeconds });
    const verdicts = new Set<string>();
    for (let second = 0; second < signatureAgeSecondsMax; second += 1) {
      nowSeconds += 1;
      for (let i = 0; i < 2_000; i += 1) {
        verdicts.add(guard.remember(`nonce ${second} ${i}`, nowSeconds + signatureAgeSecondsMax));
      }
    }
    expect([...verdicts]).toEqual(["new"]);
  });

  test("when full it says so rather than forget, and has room again once entries expired", () => {
    let nowSeconds = 100;
    const guard = createMemoryReplayGuard({ nowSeconds: () => nowSeconds, capacity: 2 });
    expect(["a", "b", "c"].map((nonce, i) => guard.remember(nonce, 110 + 50 * i))).toEqual(["new", "new", "full"]);
    expect(guard.remember("b", 160)).toBe("seen");
    nowSeconds = 111;
    expect([guard.remember("c", 170), guard.remember("b", 160)]).toEqual(["new", "seen"]);
  });

  const steps = fc.array(
    fc.record({ nonce: fc.nat({ max: 5 }), age: fc.integer({ min: -60, max: 60 }), passing: fc.nat({ max: 40 }) }),
    { maxLength: 80 },
  );

  test("never accepts one request twice while its signature holds, and refuses no other", () => {
    fc.assert(
      fc.property(steps, (sent) => {
        let nowSeconds = 1_000;
        const guard = createMemoryReplayGuard({ nowSeconds: () => nowSeconds });
        const accepted = new Set<string>();
        for (const { nonce, age, passing } of sent) {
          nowSeconds += passing;
          const expires = nowSeconds + age + signatureAgeSecondsMax;
          const name = `${nonce} ${expires}`;
          expect(guard.remember(String(nonce), expires)).toBe(accepted.has(name) ? "seen" : "new");
          accepted.add(name);
        }
      }),
    );
  });
});
