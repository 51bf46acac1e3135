import { encodeLatent } from "../../../shared/latents/latent-format.ts";
import type { LatentShape } from "../../../shared/latents/latent-key.ts";
import { latentShapeFor } from "../../../shared/models/latent-shape.ts";
import { encodeImagePromptPath } from "../../../shared/wire/encode-image-prompt.ts";
import { encodeImagePath, encodeMaskPath } from "../../../shared/wire/encode-picture.ts";
import { readMarkPath } from "../../../shared/wire/read-mark.ts";
import { fromBase64, toBase64 } from "../../../workers/gpu/base64.ts";
import { manifest } from "./tiny-bundle.ts";

/** What the double answers on the paths of pictures; undefined on any other. A "picture" is any text but "bad". */
export function answerPictureTool(path: string, query: URLSearchParams, body: Uint8Array): Response | undefined {
  const size = query.get("size") ?? "64x64";
  const text = new TextDecoder().decode(body);
  if (path === encodeImagePath) return text === "bad" ? refusal("image") : encoded(size, body);
  if (path === encodeImagePromptPath) return text === "bad" ? refusal("image") : states(body);
  if (path === encodeMaskPath) {
    return text === "bad" ? refusal("mask") : Response.json({ width: 64, height: 64, cells: "1100".repeat(4) });
  }
  if (path === readMarkPath) return text === "bad" ? refusal("image") : Response.json({ matches: matchesOf(text) });
  return undefined;
}

/** One bit is lost, as happens; of what bears no mark, half are right, or one more. */
function matchesOf(text: string): number {
  return text.includes("marked") ? 31 : 17;
}

function refusal(param: string): Response {
  const error = { code: "invalid_request", param, message: `'${param}' must be a whole PNG, JPEG or WebP file.` };
  return Response.json({ error }, { status: 400 });
}

/** Four numbers of the picture's first bytes. */
function states(body: Uint8Array): Response {
  const milliseconds = { queue: 0, imageEncoder: 5 };
  return Response.json({ states: toBase64(Uint8Array.from({ length: 8 }, (_, i) => body[i] ?? 0)), milliseconds });
}

function encoded(size: string, body: Uint8Array): Response {
  const shape = latentShapeFor(manifest, size);
  if (!shape.ok) return refusal("size");
  const milliseconds = { queue: 0, compressor: 5 };
  return Response.json({ width: 64, height: 64, safetensors: latentFile(shape.value, body), milliseconds });
}

/** Any function of the bytes will do. */
function latentFile(shape: LatentShape, body: Uint8Array): string {
  const sum = body.reduce((all, byte, i) => (all * 31 + byte + i) % 997, 1);
  const values = Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, i) => ((sum + i) % 128) / 64);
  const { id: model, revision } = manifest;
  const file = encodeLatent({ values, shape, metadata: { model, revision, seed: "0" } });
  if (!file.ok) throw new TypeError(file.error.message);
  return toBase64(file.value);
}

/** The bytes of a latent file that the double makes of a picture. */
export function doubledLatent(picture: string): Uint8Array<ArrayBuffer> {
  return fromBase64(latentFile([16, 4, 4], new TextEncoder().encode(picture)));
}
