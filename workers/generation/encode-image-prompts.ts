import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { allOf, err, ok, type Result } from "../../shared/result.ts";
import type { Accounts } from "../account/client.ts";
import type { PictureClient } from "../gpu/picture-client.ts";
import { imagePromptField, type PlannedImagePrompt } from "./image-prompts.ts";
import type { StartSource, WantedStart } from "./start-source.ts";

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
  return invalidRequest(imagePromptField, failure.message.replace("'image'", `'${imagePromptField}'`));
}
