import type { OfferedModel } from "../../shared/api/added-model.ts";
import { modelItem } from "../../shared/api/models-list.ts";
import type { PricedManifest } from "../models/model.ts";
import type { StoredModel } from "../models/model-store.ts";
import { type WatchServices, watchRollOut } from "../models/watch-roll-outs.ts";
import { isoTime } from "./admin-accounts.ts";

/** Models as their operator sees them, with the figures of a roll-out as they are now. */
export async function offeredModels(
  services: WatchServices,
  shown: readonly StoredModel[],
): Promise<readonly OfferedModel[]> {
  const [manifests, models] = await Promise.all([services.models.revisions(), services.modelStore.list()]);
  const items = shown.map(async (stored): Promise<readonly OfferedModel[]> => {
    const manifest = manifests.get(stored.revision);
    if (manifest === undefined) return [];
    const { addedMs, isOffered: offered, report = null, isForced: forced } = stored;
    const rollOut = await watchRollOut(services, models, stored);
    return [{ ...modelItem(manifest), added: isoTime(addedMs), offered, report, forced, roll_out: rollOut ?? null }];
  });
  return (await Promise.all(items)).flat();
}

/** The model that the service was built with. */
export function builtInItem(manifest: PricedManifest): OfferedModel {
  return { ...modelItem(manifest), added: null, offered: true, report: null, forced: false, roll_out: null };
}
