import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromFloat16Bits } from "../../../shared/latents/float16.ts";
import { encodeImagePromptTarget } from "../../../shared/wire/encode-image-prompt.ts";
import { type Backend, send, stageCDraft, startBackend } from "../../support/backend.ts";
import { tinyDirectory, tinyRequest, tinyRevision } from "../../support/tiny-bundle.ts";

const encoder = join(import.meta.dirname, "../../golden/image-encoder.onnx");
const models = mkdtempSync(join(tmpdir(), "image-prompts-"));
let backend: Backend;

/** Two bundles are copied and checked before the backend is ready, beside other work. */
const startMsMax = 60_000;

/** The tiny bundle, with the mean colour in the place of an encoder; its Stage C hears nothing of pictures. */
function writeSeeingBundle(): void {
  const folder = join(models, "tiny");
  cpSync(tinyDirectory, folder, { recursive: true });
  cpSync(encoder, join(folder, "image-encoder.onnx"));
  const manifest = JSON.parse(readFileSync(join(folder, "model.json"), "utf8"));
  const bytes = readFileSync(encoder);
  manifest.files["image-encoder.onnx"] = {
    sha256: createHash("sha256").update(bytes).digest("hex"),
    bytes: bytes.length,
  };
  const port = (name: string, shape: readonly (string | number)[]) => ({ name, dtype: "float32", shape });
  manifest.graphs.imageEncoder = {
    file: "image-encoder.onnx",
    inputs: [port("image", ["b", 3, 28, 28])],
    outputs: [port("image_states", ["b", 3])],
    weights: "float32",
  };
  manifest.graphs.imageTextConditioner = manifest.graphs.textConditioner;
  manifest.imagePrompts = { encoder: "mean-colour" };
  writeFileSync(join(folder, "model.json"), JSON.stringify(manifest));
}

beforeAll(async () => {
  writeSeeingBundle();
  cpSync(tinyDirectory, join(models, "blind"), { recursive: true });
  const path = join(models, "blind", "model.json");
  writeFileSync(path, readFileSync(path, "utf8").replaceAll(tinyRevision, "blind"));
  backend = await startBackend({ MODELS_DIR: models });
}, startMsMax);

afterAll(async () => {
  await backend.stop();
  rmSync(models, { recursive: true });
});

/** Red above the middle and blue below it, so that only the middle square is both in equal parts. */
async function flag(): Promise<Uint8Array<ArrayBuffer>> {
  const [width, height] = [60, 30];
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const isUpper = i < (width * height * 3) / 2;
    return i % 3 === (isUpper ? 0 : 2) ? 255 : 0;
  });
  return Uint8Array.from(
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  );
}

async function read(file: Uint8Array<ArrayBuffer>, revision = tinyRevision) {
  const target = encodeImagePromptTarget({ model: "tiny", revision });
  const response = await send(backend, { target, contentType: "application/octet-stream", body: file });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe("a picture of a prompt", () => {
  test("becomes what the encoder makes of its middle, and Stage C takes that", async () => {
    const { status, body } = await read(await flag());
    expect(status).toBe(200);
    const bytes = Buffer.from(String(body["states"]), "base64");
    const [red, green, blue] = fromFloat16Bits(Uint16Array.of(0, 2, 4).map((at) => bytes.readUInt16LE(at)));
    expect([red, blue]).toEqual([expect.closeTo(0.5, 1), expect.closeTo(0.5, 1)]);
    expect(green).toBeLessThan(0.02);
    expect(body["milliseconds"]).toMatchObject({ imageEncoder: expect.any(Number) });
    const task = { ...tinyRequest, imagePrompts: [body["states"], body["states"]] };
    expect((await send(backend, stageCDraft(task))).status).toBe(200);
  });

  test("that is none is refused, and so is one for a model without an encoder", async () => {
    const none = await read(new TextEncoder().encode("a prompt, and no picture"));
    expect(none).toMatchObject({ status: 400, body: { error: { param: "image" } } });
    const blind = await read(await flag(), "blind");
    expect(blind).toMatchObject({ status: 400, body: { error: { param: "model", message: /no image encoder/u } } });
  });

  test("in a Stage C task must have the encoder's size, and the model must read pictures", async () => {
    for (const change of [{ imagePrompts: ["AAAA"] }, { revision: "blind", imagePrompts: ["AAAAAAAA"] }]) {
      const response = await send(backend, stageCDraft({ ...tinyRequest, ...change }));
      const { error } = (await response.json()) as { error: { param: string } };
      expect([response.status, error.param]).toEqual([400, "imagePrompts"]);
    }
  });
});
