import { WasmReader } from "@contentauth/c2pa-wasm";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { createClaimSigner } from "../../../gpu-backend/image/c2pa-signature.ts";
import { type ContentCredentials, openContentCredentials } from "../../../gpu-backend/image/content-credentials.ts";
import { encodeImage } from "../../../gpu-backend/image/encode-image.ts";
import { withoutManifest } from "../../../shared/content-credentials.ts";
import type { OutputFormat } from "../../../shared/output-format.ts";
import { testRoot, testSigner, unfitSigner } from "../../support/c2pa/test-signer.ts";

const maker = { model: "tiny", revision: "0123abcd", version: "0.1.0" };
const trust = JSON.stringify({ trust: { trust_anchors: testRoot }, verify: { verify_trust: true } });
const data = Uint8Array.from({ length: 3 * 48 * 32 }, (_, i) => (i * i) % 251);
let credentials: ContentCredentials;

beforeAll(async () => {
  credentials = await openContentCredentials(createClaimSigner(testSigner, new Date()), maker);
});

const encode = (format: OutputFormat) => encodeImage({ width: 48, height: 32, data }, { format }, "k".repeat(32));
const make = async (format: OutputFormat) => credentials.addTo(await encode(format), format);

interface Report {
  readonly validation_state: string;
  readonly validation_status?: readonly { readonly code: string }[];
  readonly active_manifest: string;
  readonly manifests: Readonly<Record<string, unknown>>;
}

/** What C2PA's own reader says of a file. */
async function report(file: Uint8Array, format: OutputFormat, settings?: string): Promise<Report> {
  return JSON.parse((await WasmReader.fromBytes(`image/${format}`, file, settings)).json());
}

const codesOf = ({ validation_status: status = [] }: Report) => status.map(({ code }) => code);

describe.each(["png", "jpeg", "webp"] as const)("a %s with credentials", (format) => {
  test("is valid to C2PA's reader, and trusted by one that knows the root", async () => {
    const file = await make(format);
    const stranger = await report(file, format);
    expect([stranger.validation_state, codesOf(stranger)]).toEqual(["Valid", ["signingCredential.untrusted"]]);
    expect((await report(file, format, trust)).validation_state).toBe("Trusted");
  });

  test("says which program and which model created it, and that it was a trained model", async () => {
    const { manifests, active_manifest: active } = await report(await make(format), format);
    expect(manifests[active]).toMatchObject({
      claim_generator_info: [{ name: "wuerstchen-edge", version: "0.1.0" }],
      signature_info: { alg: "Es256", common_name: "Test-only signer" },
      assertions: [
        {
          label: "c2pa.actions.v2",
          data: {
            actions: [
              {
                action: "c2pa.created",
                digitalSourceType: "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
                softwareAgent: { name: "tiny", version: "0123abcd" },
              },
            ],
          },
        },
      ],
    });
  });

  test("is not valid any more when a byte of the picture is another", async () => {
    const file = Uint8Array.from(await make(format));
    const at = format === "webp" ? 600 : file.length - 30;
    file[at] = (file[at] ?? 0) ^ 1;
    const altered = await report(file, format);
    expect(altered.validation_state).toBe("Invalid");
    expect(codesOf(altered)).toContain("assertion.dataHash.mismatch");
  });

  test("is the marked file again without its manifest, and the same picture", async () => {
    const [file, plain] = [await make(format), await encode(format)];
    expect(Buffer.compare(withoutManifest(file) ?? file, plain)).toBe(0);
    expect(withoutManifest(plain)).toBeUndefined();
    const pixels = await Promise.all([file, plain].map((one) => sharp(one).raw().toBuffer()));
    expect(pixels[0]).toEqual(pixels[1]);
  });
});

test("a certificate that C2PA's reader would refuse is refused at once", async () => {
  const signer = createClaimSigner(unfitSigner, new Date());
  await expect(openContentCredentials(signer, maker)).rejects.toThrow(
    /^C2PA does not accept what C2PA_CERTIFICATES sign: .*signingCredential\.invalid/u,
  );
});

test("many files are signed at once", async () => {
  const files = await Promise.all(Array.from({ length: 8 }, () => make("png")));
  const states = await Promise.all(files.map(async (file) => (await report(file, "png", trust)).validation_state));
  expect(states).toEqual(files.map(() => "Trusted"));
});
