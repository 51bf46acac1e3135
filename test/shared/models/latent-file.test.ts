import { describe, expect, test } from "vitest";
import { decodeLatent, encodeLatent, type Latent } from "../../../shared/latents/latent-format.ts";
import { checkLatentFile, mixLatentFiles } from "../../../shared/models/latent-file.ts";
import { manifestFixture } from "../../support/manifest-fixture.ts";

const manifest = manifestFixture();
const shape = [16, 8, 8] as const;
const metadata = { model: manifest.id, revision: manifest.revision, seed: "1" };
const count = shape[0] * shape[1] * shape[2];

/** A latent file whose values are this function of their place. */
function fileOf(valueAt: (index: number) => number, change: Partial<Latent> = {}): Uint8Array<ArrayBuffer> {
  const file = encodeLatent({
    values: Float32Array.from({ length: count }, (_, i) => valueAt(i)),
    shape,
    metadata,
    ...change,
  });
  if (!file.ok) throw new TypeError(file.error.message);
  return file.value;
}

const wave = fileOf((i) => Math.sin(i));
const other = fileOf((i) => Math.cos(i), { metadata: { ...metadata, seed: "2" } });

describe("a latent file from outside", () => {
  test("comes back as float16 with its size, and says no more than it must", () => {
    const file = fileOf((i) => Math.sin(i), { metadata: { ...metadata, seed: "0007", note: "anything" } });
    const checked = checkLatentFile(manifest, file);
    expect(checked).toMatchObject({ ok: true, value: { size: "128x128" } });
    const latent = checked.ok ? decodeLatent(checked.value.bytes) : undefined;
    expect(latent).toMatchObject({ ok: true, value: { metadata: { ...metadata, seed: "7" } } });
    expect(latent?.ok && Object.keys(latent.value.metadata)).toHaveLength(3);
  });

  test("keeps a sealed text, which the backend alone can read", () => {
    const checked = checkLatentFile(manifest, fileOf(Math.sin, { metadata: { ...metadata, text: "c2VhbGVk" } }));
    const latent = checked.ok ? decodeLatent(checked.value.bytes) : undefined;
    expect(latent).toMatchObject({ ok: true, value: { metadata: { ...metadata, text: "c2VhbGVk" } } });
  });

  test.each<[string, Uint8Array, object]>([
    ["seven bytes", new Uint8Array(7), { code: "invalid_request", param: "latent" }],
    ["an empty file", new Uint8Array(0), { code: "invalid_request", param: "latent" }],
    ["another model", fileOf(Math.sin, { metadata: { ...metadata, model: "other" } }), { code: "model_not_found" }],
    ["another revision", fileOf(Math.sin, { metadata: { ...metadata, revision: "other" } }), { param: "revision" }],
    ["no seed", fileOf(Math.sin, { metadata: { ...metadata, seed: "-1" } }), { param: "latent" }],
    ["a shape that no size has", fileOf(Math.sin, { shape: [16, 1, 64] }), { param: "latent" }],
  ])("of %s is refused", (_, file, error) => {
    expect(checkLatentFile(manifest, file)).toMatchObject({ ok: false, error });
  });
});

describe("a mix of two latents", () => {
  test("has both ends exactly, and the seed of the nearer one between them", () => {
    expect(mixLatentFiles(manifest, [wave, other], 0)).toMatchObject({ ok: true, value: { bytes: wave } });
    expect(mixLatentFiles(manifest, [wave, other], 1)).toMatchObject({ ok: true, value: { bytes: other } });
    const seedAt = (t: number) => {
      const mix = mixLatentFiles(manifest, [wave, other], t);
      const latent = mix.ok ? decodeLatent(mix.value.bytes) : undefined;
      return latent?.ok ? latent.value.metadata.seed : undefined;
    };
    expect([seedAt(0.5), seedAt(0.75)]).toEqual(["1", "2"]);
  });

  test("that exceeds float16 is refused, and so is a file that is none", () => {
    const half = (sign: number) => fileOf((i) => (i < count / 2 ? 65_504 : sign * 65_504));
    const tooLarge = { ok: false, error: { code: "invalid_request", param: "latents" } };
    expect(mixLatentFiles(manifest, [half(1), half(-1)], 0.5)).toMatchObject(tooLarge);
    const noFile = { ok: false, error: { code: "invalid_request", param: "latents.1" } };
    expect(mixLatentFiles(manifest, [wave, new Uint8Array(3)], 0.5)).toMatchObject(noFile);
  });
});
