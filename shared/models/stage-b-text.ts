import { z } from "zod";
import { guidanceScaleMax, tokensPerPromptMax } from "../limits.ts";

/** How Stage B of a bundle reads prompts. */
export const stageBTextSchema = z.object({
  /** The prompt "": what a latent is decoded with whose file names no text. */
  emptyTokenIds: z.array(z.int().min(0)).min(1).max(tokensPerPromptMax),
  /** Pads ids to `text.tokensMax` for an encoder of its own. */
  padTokenId: z.int().min(0),
  /** Above 1 every step takes two passes: the second reads no latent, and the negative prompt. */
  guidanceScale: z.number().min(0).max(guidanceScaleMax).default(0),
});
