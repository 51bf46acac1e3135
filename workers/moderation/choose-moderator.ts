import { AppError } from "../../shared/errors.ts";
import { createDenyList } from "./deny-list.ts";
import { createLlamaGuard, type GuardModel } from "./llama-guard.ts";
import { allowAll, type Moderator } from "./moderator.ts";

/** What the operator decided. */
export interface ModerationSettings {
  readonly MODERATION: "off" | "deny-list" | "llama-guard";
  readonly MODERATION_DENY_LIST?: string | undefined;
  readonly AI?: GuardModel | undefined;
}

/** The moderator that is set up. Throws `AppError` when what it needs is missing: nothing is let through by mistake. */
export function chooseModerator({ MODERATION, MODERATION_DENY_LIST, AI }: ModerationSettings): Moderator {
  switch (MODERATION) {
    case "off":
      return allowAll;
    case "deny-list":
      if (MODERATION_DENY_LIST === undefined) throw new AppError("MODERATION=deny-list needs MODERATION_DENY_LIST.");
      return createDenyList(MODERATION_DENY_LIST);
    case "llama-guard":
      if (AI === undefined) throw new AppError("MODERATION=llama-guard needs the binding AI; see wrangler.toml.");
      return createLlamaGuard(AI);
  }
}
