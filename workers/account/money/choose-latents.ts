import { hasLatents, rotateSeeds } from "../reuse/rotation.ts";
import { rememberPrompt, takeSimilar } from "../reuse/similar-prompts.ts";
import type { ChosenLatents, ReserveRequest } from "./reservation.ts";

/**
 * The latents that a new request is given: its prompt's own, if it has any, before those of one that is nearly the
 * same.
 */
export function chooseLatents(
  sql: SqlStorage,
  { recipe, mayReuse, keyId, seeds, likeness }: ReserveRequest,
  nowMs: number,
): ChosenLatents {
  if (mayReuse !== true || recipe === undefined) return { seeds };
  const caller = keyId ?? "";
  if (likeness !== undefined) {
    const mayStandIn = !hasLatents(sql, recipe);
    const similar = mayStandIn ? takeSimilar(sql, { likeness, caller, count: seeds.length }, nowMs) : [];
    if (similar.length > 0) return { seeds, similar };
    rememberPrompt(sql, { recipe, likeness }, nowMs);
  }
  return { seeds: rotateSeeds(sql, { recipe, caller, seeds }, nowMs) };
}
