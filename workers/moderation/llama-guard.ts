import { z } from "zod";
import { err, ok } from "../../shared/result.ts";
import type { Moderator } from "./moderator.ts";

const model = "@cf/meta/llama-guard-3-8b";

/** Workers AI, as far as it is used here. */
export interface GuardModel {
  run(name: typeof model, input: { messages: { role: "user"; content: string }[] }): Promise<unknown>;
}

/**
 * The model writes "safe", or "unsafe" and the categories on a second line; the platform may have read that already.
 */
const answerSchema = z.object({
  response: z.union([z.string().regex(/^\s*(?:un)?safe\b/iu), z.object({ safe: z.boolean() })]),
});

/** Asks Llama Guard 3 on Workers AI, which knows 14 classes of hazard. No decision is no permission. */
export function createLlamaGuard(guard: GuardModel): Moderator {
  return {
    isRemote: true,
    async check(prompt) {
      const answer = answerSchema.safeParse(await ask(guard, prompt));
      if (!answer.success) return err({ code: "moderation_unavailable" });
      const { response } = answer.data;
      const isSafe = typeof response === "string" ? /^\s*safe\b/iu.test(response) : response.safe;
      return isSafe ? ok(undefined) : err({ code: "content_policy_violation" });
    },
  };
}

/** Undefined when the model cannot be reached; its error may quote the prompt, so it goes no further. */
async function ask(guard: GuardModel, prompt: string): Promise<unknown> {
  try {
    return await guard.run(model, { messages: [{ role: "user", content: prompt }] });
  } catch {
    return undefined;
  }
}
