// Makes latents and pictures of requests with a bundle: `paint-prompts.ts BUNDLE`, requests as JSON on standard input.
// Tests in Python hold what it writes, as JSON, against diffusers.

import { text } from "node:stream/consumers";
import { readPicture } from "../../gpu-backend/image/read-picture.ts";
import { imagePromptSize } from "../../gpu-backend/pipeline/image-prompts.ts";
import { decodeLatent, encodeLatent } from "../../shared/latents/latent-format.ts";
import { textField } from "../../shared/latents/latent-text.ts";
import type { StageCRequest } from "../../shared/wire/stage-c.ts";
import { openTinyPipeline } from "./tiny-pipeline.ts";

interface Request extends Omit<StageCRequest, "model" | "revision" | "imagePrompts"> {
  /** Files of pictures that are part of the prompt, in base64. */
  readonly pictures?: readonly string[];
}

const { manifest, pipeline, taskGraphs } = await openTinyPipeline(process.argv[2]);

async function statesOf(picture: string): Promise<string> {
  const read = await readPicture(Buffer.from(picture, "base64"), imagePromptSize(manifest), 3, "cubic");
  if (!read.ok) throw new TypeError(JSON.stringify(read.error));
  return Buffer.from(await pipeline.encodeImagePrompt(read.value.value, taskGraphs())).toString("base64");
}

async function answerTo({ pictures, ...asked }: Request) {
  const { id: model, revision } = manifest;
  const imagePrompts = pictures && (await Promise.all(pictures.map(statesOf)));
  const request = { ...asked, model, revision, ...(imagePrompts && { imagePrompts }) };
  const [file = new Uint8Array()] = await pipeline.makeLatents(request, taskGraphs());
  const latent = decodeLatent(file);
  if (!latent.ok) throw new TypeError(latent.error.message);
  const { [textField]: _, model: own, revision: made, seed = "", ...metadata } = latent.value.metadata;
  const textless = encodeLatent({ ...latent.value, metadata: { model: own, revision: made, seed, ...metadata } });
  if (!textless.ok) throw new TypeError(textless.error.message);
  const base64 = (bytes: ArrayLike<number> & ArrayBufferView) =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  return {
    latentBase64: base64(latent.value.values),
    pixelsBase64: base64((await pipeline.paint(file, taskGraphs())).data),
    textlessPixelsBase64: base64((await pipeline.paint(textless.value, taskGraphs())).data),
  };
}

const requests: readonly Request[] = JSON.parse(await text(process.stdin));
const answers = [];
for (const request of requests) answers.push(await answerTo(request));
process.stdout.write(JSON.stringify(answers));
