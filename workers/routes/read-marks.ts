import type { MarkReading } from "../../shared/api/verification.ts";
import { pictureBytesMax } from "../../shared/limits.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { markBits, markFalsePositives } from "../../shared/models/mark.ts";
import type { GpuClient } from "../gpu/gpu-client.ts";
import type { ModelRegistry } from "../models/registry.ts";

/** What looking for marks takes. */
export interface MarkServices {
  readonly gpu: Pick<GpuClient, "readMark">;
  readonly models: Pick<ModelRegistry, "default" | "served">;
}

/** Models that a picture is held against. Each is unpaid work, and one more chance to agree by accident. */
const modelsMax = 4;

/** What is said where nobody looked. */
export const unreadMark: MarkReading = {
  result: "unread",
  model: null,
  bits: markBits,
  bits_matched: null,
  false_positive_probability: null,
};

/**
 * Looks in a picture for the marks of the models that this service offers, at most four of them and the default first.
 * `mayLook` is asked once, if there is anything to look for. Never fails: what no backend could read is `unread`.
 */
export async function readMarks(
  { gpu, models }: MarkServices,
  file: Uint8Array<ArrayBuffer>,
  mayLook: () => Promise<boolean>,
): Promise<MarkReading> {
  const marked = await markedModels(models);
  if (marked.length === 0 || file.length > pictureBytesMax || !(await mayLook())) return unreadMark;
  const readings = await Promise.all(
    marked.map(async ({ manifest: { id, revision }, mark }) => {
      const matches = await gpu.readMark({ model: id, revision, file });
      return matches.ok ? [{ mark, matches: matches.value }] : [];
    }),
  );
  const [nearest] = readings.flat().sort((a, b) => b.matches - a.matches);
  if (nearest === undefined) return unreadMark;
  const { mark, matches } = nearest;
  const isFound = matches >= mark.matchesMin;
  return {
    result: isFound ? "found" : "absent",
    model: isFound ? mark.bundle : null,
    bits: markBits,
    bits_matched: matches,
    false_positive_probability: Math.min(1, marked.length * markFalsePositives(matches)),
  };
}

interface MarkedModel {
  readonly manifest: Manifest;
  readonly mark: NonNullable<Manifest["mark"]>;
}

/** An unreadable list leaves the model that was built in. */
async function markedModels(models: MarkServices["models"]): Promise<readonly MarkedModel[]> {
  const served = await models.served().catch(() => ({ list: [models.default] }));
  return served.list
    .flatMap(({ manifest }) => (manifest.mark === undefined ? [] : [{ manifest, mark: manifest.mark }]))
    .slice(0, modelsMax);
}
