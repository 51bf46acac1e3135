import { describeLatent } from "../../shared/latents/latent-format.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { decodeMsMax, stageCMsMax } from "../../shared/models/work-time.ts";
import type { LaneTask } from "./lane-messages.ts";

/**
 * How long a task may take before it is stopped, in milliseconds. `measuredMs`: what such tasks used of the device
 * lately; undefined before the first.
 */
export type TaskMsMax = (task: LaneTask, measuredMs: number | undefined) => number;

/** Ten pictures at the most steps of a small model on a CPU need some minutes. */
const taskMsMin = 600_000;

/** A task shares the device with as many others, and waits for each one's runs. */
const companyMax = 8;

/** How much slower than lately a machine may become before it counts as stuck. */
const patience = 10;

/**
 * Before a model was measured, what its manifest says of the slowest machine; then by what was measured, so that a card
 * that hangs is found within minutes and not within the hours that a processor may take.
 */
export function taskMsMaxOf(manifest: Manifest): TaskMsMax {
  return (task, measuredMs) => {
    const stated = Math.max(taskMsMin, statedMs(manifest, task));
    return measuredMs === undefined
      ? stated
      : Math.min(stated, Math.max(taskMsMin, patience * companyMax * measuredMs));
  };
}

function statedMs(manifest: Manifest, task: LaneTask): number {
  switch (task.kind) {
    case "stage-c":
      return stageCMsMax(manifest, { ...task.request, samples: task.request.seeds.length });
    case "encode":
      // An image encoder does less than a compressor for any shape.
      return task.latentShape === undefined ? taskMsMin : decodeMsMax(manifest, task.latentShape);
    // One small graph, a few times.
    case "mark":
      return taskMsMin;
    case "decode": {
      const shape = describeLatent(task.latent)?.shape;
      return shape === undefined ? taskMsMin : decodeMsMax(manifest, shape);
    }
  }
}
