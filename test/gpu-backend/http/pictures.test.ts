import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeLatent } from "../../../shared/latents/latent-format.ts";
import { pictureBytesMax } from "../../../shared/limits.ts";
import type { EncodeImageResponse } from "../../../shared/wire/encode-picture.ts";
import golden from "../../golden/tiny-starts.json" with { type: "json" };
import { type Backend, decodeDraft, pictureDraft, send, stageCDraft, startBackend } from "../../support/backend.ts";
import { differenceMax, fromFloat32Hex } from "../../support/float32-hex.ts";
import { tinyRequest } from "../../support/tiny-bundle.ts";

let backend: Backend;
let picture: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  backend = await startBackend();
  const raw = { width: 64, height: 64, channels: 3 } as const;
  picture = Uint8Array.from(await sharp(Buffer.from(golden.pixelsBase64, "base64"), { raw }).png().toBuffer());
});

afterAll(() => backend.stop());

async function encode(file = picture, size?: string): Promise<EncodeImageResponse> {
  const response = await send(backend, pictureDraft("/encode-image", file, size));
  expect(response.status).toBe(200);
  return (await response.json()) as EncodeImageResponse;
}

const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));

function valuesOf(base64: string): Float32Array {
  const latent = decodeLatent(bytesOf(base64));
  if (!latent.ok) throw new Error(latent.error.message);
  return latent.value.values;
}

async function faultOf(response: Response) {
  const { error } = (await response.json()) as { error: { code: string; param: string | null; message: string } };
  return { status: response.status, ...error };
}

async function refusal(path: string, file: Uint8Array<ArrayBuffer>, size?: string) {
  return faultOf(await send(backend, pictureDraft(path, file, size)));
}

async function runStageC(change: object): Promise<Response> {
  return send(backend, stageCDraft({ ...tinyRequest, ...change }));
}

describe("a picture", () => {
  test("becomes the latent that the reference gives", async () => {
    const { safetensors, width, height, milliseconds } = await encode();
    expect({ width, height }).toEqual({ width: 64, height: 64 });
    expect(differenceMax(valuesOf(safetensors), fromFloat32Hex(golden.startHex))).toBeLessThanOrEqual(2 ** -8);
    expect(milliseconds.compressor).toBeGreaterThan(0);
  });

  test("becomes the same bytes whenever it comes, also many at once", async () => {
    const alone = (await encode()).safetensors;
    const together = await Promise.all([1, 2, 3, 4].map(() => encode()));
    expect(together.map(({ safetensors }) => safetensors)).toEqual([alone, alone, alone, alone]);
  });

  test("may have any size that the bundle's limits allow, and comes back in it", async () => {
    const { safetensors } = await encode(picture, "96x64");
    const decoded = await send(backend, decodeDraft(bytesOf(safetensors)));
    const { width, height } = await sharp(await decoded.arrayBuffer()).metadata();
    expect({ width, height }).toEqual({ width: 96, height: 64 });
    const latentShape = [16, 4, 6];
    const made = await runStageC({ latentShape, start: { latent: safetensors, strength: 0.5 } });
    expect(made.status).toBe(200);
  });

  test.each(["100x64", "64x128", "48x64", "64"])("of size %s is refused, and the sizes are told", async (size) => {
    expect(await refusal("/encode-image", picture, size)).toMatchObject({ status: 400, param: "size" });
  });

  test("that is none, or too large a file, is refused and reaches no device", async () => {
    const text = new TextEncoder().encode("a prompt, and no picture");
    expect(await refusal("/encode-image", text)).toMatchObject({ status: 400, param: "image" });
    const large = new Uint8Array(pictureBytesMax + 1);
    expect(await refusal("/encode-image", large)).toMatchObject({ status: 413, code: "payload_too_large" });
  });

  test("must be signed", async () => {
    const draft = { ...pictureDraft("/encode-image", picture), secret: "another secret, 32 characters or so" };
    expect((await send(backend, draft)).status).toBe(403);
  });
});

describe("a mask", () => {
  async function maskFile(painted: (x: number, y: number) => boolean): Promise<Uint8Array<ArrayBuffer>> {
    const data = Uint8Array.from({ length: 64 * 64 * 4 }, (_, i) => {
      const pixel = Math.floor(i / 4);
      return i % 4 === 3 && !painted(pixel % 64, Math.floor(pixel / 64)) ? 255 : 0;
    });
    return Uint8Array.from(
      await sharp(data, { raw: { width: 64, height: 64, channels: 4 } })
        .png()
        .toBuffer(),
    );
  }

  test("becomes cells of the latent", async () => {
    const file = await maskFile((x, y) => x >= 40 && y < 20);
    const response = await send(backend, pictureDraft("/encode-mask", file));
    expect(await response.json()).toEqual({ width: 64, height: 64, cells: "0011001100000000" });
  });

  test("that leaves nothing to paint is refused", async () => {
    const fault = await refusal("/encode-mask", await maskFile(() => false));
    expect(fault).toMatchObject({ status: 400, param: "mask", message: /nothing to paint/u });
  });
});

describe("a start that does not fit the task is refused:", () => {
  test.each<[string, string, (latent: string) => object]>([
    ["no latent", "start.latent", () => ({ latent: "AAAA", strength: 0.5 })],
    ["no base64", "start.latent", () => ({ latent: "?", strength: 0.5 })],
    ["a strength above 1", "start.strength", (latent) => ({ latent, strength: 1.01 })],
    ["no strength", "start.strength", (latent) => ({ latent })],
    ["a mask of another shape", "start.mask", (latent) => ({ latent, strength: 0.5, mask: "101" })],
    ["a mask of other letters", "start.mask", (latent) => ({ latent, strength: 0.5, mask: "2".repeat(16) })],
    ["an unknown field", "image", (latent) => ({ latent, strength: 0.5, image: "x" })],
  ])("%s", async (_, param, startOf) => {
    const { safetensors } = await encode();
    expect(await faultOf(await runStageC({ start: startOf(safetensors) }))).toMatchObject({ status: 400, param });
  });

  test("a latent of another shape", async () => {
    const { safetensors } = await encode(picture, "32x64");
    const fault = await faultOf(await runStageC({ start: { latent: safetensors, strength: 0.5 } }));
    expect(fault).toMatchObject({ status: 400, param: "start.latent" });
  });
});
