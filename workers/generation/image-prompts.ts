import type { CreateImageRequest } from "../../shared/api/create-image-request.ts";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { toHex } from "../../shared/hex.ts";
import { sha256 } from "../../shared/hmac.ts";
import { imagePromptBytesMax } from "../../shared/limits.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { ChargeLine } from "../prices/price-book.ts";
import { bytesOfText } from "./picture-text.ts";

/** The field of a request. */
export const imagePromptField = "image_prompt";

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
    const file = bytesOfText(imagePromptField, text, imagePromptBytesMax);
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
  const message = `'${imagePromptField}' cannot be used with '${id}', which reads no pictures. Leave it out, or name another model.`;
  return invalidRequest(imagePromptField, message);
}
