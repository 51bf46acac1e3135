import type { CreateImageRequest } from "../../shared/api/create-image-request.ts";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { toHex } from "../../shared/hex.ts";
import { sha256 } from "../../shared/hmac.ts";
import { imagePromptBytesMax } from "../../shared/limits.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Accounts } from "../account/client.ts";
import type { PictureClient } from "../gpu/picture-client.ts";
import type { ChargeLine } from "../prices/price-book.ts";
import { allOf } from "./obtain-pictures.ts";
import { bytesOfText } from "./picture-text.ts";
import type { StartSource, WantedStart } from "./start-source.ts";

const field = "image_prompt";

/** A picture that is part of a prompt. */
export interface ImagePrompt {
  readonly file: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the file, hexadecimal, which stands for what the model makes of it. */
  readonly digest: string;
}

/** An image prompt, and what reading it costs. */
export interface PlannedImagePrompt extends ImagePrompt {
  readonly line: ChargeLine;
}

/** Reads the pictures of a request. Fails with `invalid_request` on one that is no base64, or too large. */
export async function readImagePrompts({
  imagePrompts = [],
}: Pick<CreateImageRequest, "imagePrompts">): Promise<Result<readonly ImagePrompt[], Failure>> {
  const prompts: ImagePrompt[] = [];
  for (const text of imagePrompts) {
    const file = bytesOfText(field, text, imagePromptBytesMax);
    if (!file.ok) return file;
    if (file.value !== undefined) prompts.push({ file: file.value, digest: toHex(await sha256(file.value)) });
  }
  return ok(prompts);
}

/** Why a model cannot do what a request's pictures ask; undefined: it can, or there are none. */
export function imagePromptFault(
  { id, imagePrompts }: Manifest,
  request: Pick<CreateImageRequest, "imagePrompts">,
): Failure | undefined {
  if (request.imagePrompts === undefined || imagePrompts !== undefined) return undefined;
  const message = `'${field}' cannot be used with '${id}', which reads no pictures. Leave it out, or name another model.`;
  return invalidRequest(field, message);
}

/** What reading image prompts takes. */
export interface ImagePromptServices {
  readonly gpu: PictureClient;
  readonly accounts: Accounts;
}

/**
 * What `other` gives, and what the model makes of pictures: read when a latent is missing, charged then, and not kept.
 */
export function withImagePrompts(
  services: ImagePromptServices,
  prompts: readonly PlannedImagePrompt[],
  other: StartSource | undefined,
): StartSource | undefined {
  if (prompts.length === 0) return other;
  return async (wanted) => {
    const start = other === undefined ? ok({}) : await other(wanted);
    if (!start.ok) return start;
    const states = allOf(await Promise.all(prompts.map((prompt) => encodedPrompt(services, prompt, wanted))));
    return states.ok ? ok({ ...start.value, imagePrompts: [...states.value] }) : states;
  };
}

async function encodedPrompt(
  { gpu, accounts }: ImagePromptServices,
  { file, line }: PlannedImagePrompt,
  { plan: { job }, payer: { account, reservationId, priority, signal } }: WantedStart,
): Promise<Result<string, Failure>> {
  const { model, revision } = job;
  const work = { model, revision, file, shareKey: line.latentId };
  const encoded = await gpu.encodeImagePrompt(work, { priority, signal, payer: { account, reservationId } });
  if (!encoded.ok) return err(inOurWords(encoded.error));
  await accounts.of(account).recordWork({ reservationId, lines: [line] });
  return encoded;
}

/** The backend knows the file by another name. */
function inOurWords(failure: Failure): Failure {
  if (failure.code !== "invalid_request" || failure.param !== "image") return failure;
  return invalidRequest(field, failure.message.replace("'image'", `'${field}'`));
}
