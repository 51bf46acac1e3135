import { stepsRun } from "../../shared/models/sampling.ts";
import type { LaneTask } from "../lane/lane-messages.ts";

/** The amount of a task's work. */
export interface Work {
  /** Pictures or latents that it makes. */
  readonly pictures: number;
  /** What its price is proportional to: rows of Stage C times steps, or pictures decoded or encoded. */
  readonly units: number;
}

/** The work in a task. */
export function workOf(task: LaneTask): Work {
  if (task.kind !== "stage-c") return { pictures: 1, units: 1 };
  const { seeds, steps, guidanceScale, start } = task.request;
  const predictions = stepsRun(steps, start?.strength ?? 1) * (guidanceScale > 1 ? 2 : 1);
  // Never nothing, by which a rate could not be measured.
  return { pictures: seeds.length, units: Math.max(1, seeds.length * predictions) };
}
