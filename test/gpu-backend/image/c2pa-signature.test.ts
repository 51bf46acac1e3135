import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createClaimSigner } from "../../../gpu-backend/image/c2pa-signature.ts";
import { testRoot, testSigner } from "../../support/c2pa/test-signer.ts";

const now = new Date("2030-01-01");
const { certificates, privateKey } = testSigner;
const pem = { type: "pkcs8", format: "pem" } as const;
const otherKey = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export(pem).toString();
const largerKey = generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey.export(pem).toString();

test("a signature is as long as was said, whatever is signed", () => {
  const signer = createClaimSigner(testSigner, now);
  for (const length of [0, 1, 10_000]) expect(signer.sign(new Uint8Array(length)).length).toBe(signer.signatureBytes);
});

test("a chain up to the root is accepted too", () => {
  const chained = createClaimSigner({ certificates: certificates + testRoot, privateKey }, now);
  expect(chained.signatureBytes).toBeGreaterThan(createClaimSigner(testSigner, now).signatureBytes);
});

describe("refused with its variable's name, and nothing of its content:", () => {
  test.each([
    ["no certificate", { certificates: "", privateKey }, "C2PA_CERTIFICATES must name a PEM file"],
    [
      "a damaged one",
      { certificates: certificates.replaceAll("MII", "AAA"), privateKey },
      "C2PA_CERTIFICATES must name",
    ],
    ["no key", { certificates, privateKey: "secret" }, "C2PA_PRIVATE_KEY must name a PEM file"],
    ["a key of another curve", { certificates, privateKey: largerKey }, "P-256 (ES256)"],
    ["another key", { certificates, privateKey: otherKey }, "C2PA_PRIVATE_KEY is not the key of the first certificate"],
    [
      "certificates in the wrong order",
      { certificates: testRoot + certificates, privateKey },
      "is not the key of the first",
    ],
    [
      "certificates that do not belong together",
      { certificates: certificates + certificates, privateKey },
      "certificate 1 is not signed by the one behind it",
    ],
  ])("%s", (_, files, message) => expect(() => createClaimSigner(files, now)).toThrow(message));

  test("one that is over", () => {
    expect(() => createClaimSigner(testSigner, new Date("2300-01-01"))).toThrow(
      /certificate 1 is valid from 20.* only/u,
    );
  });
});
