import type { SampledStep } from "../../shared/diffusion/sampler.ts";

/** Told of the steps of a task's samples, each counted from 0. */
export type StepWatch = (sample: number, step: SampledStep) => void;

/** The reports of a running task. */
export interface TaskNews {
  /** So many steps of so many are done for every sample. */
  progress(step: number, steps: number): void;
  /** A sample's preview, a picture file. */
  preview(preview: { readonly sample: number; readonly step: number; readonly bytes: Uint8Array }): void;
}

/** What a watch is made of. */
export interface TaskWatchOptions {
  readonly samples: number;
  /** 0: none. */
  readonly previewEverySteps: number;
  /** Makes a picture file of a clean latent. */
  readonly paint: (latent: Float32Array) => Promise<Uint8Array>;
  readonly news: TaskNews;
}

/**
 * Tells of steps, and makes previews, beside the sampling and never in its way: no step waits for a preview, and while
 * a sample's last one is being made, further ones are left out. So is one that cannot be made, and that of the last
 * step, which the picture itself follows.
 */
export function watchTask({ samples, previewEverySteps, paint, news }: TaskWatchOptions): StepWatch {
  const done = new Array<number>(samples).fill(0);
  const painting = new Set<number>();
  let told = 0;

  async function preview(sample: number, { step, cleanEstimate }: SampledStep): Promise<void> {
    if (painting.has(sample)) return;
    painting.add(sample);
    const bytes = await paint(cleanEstimate()).catch(() => undefined);
    painting.delete(sample);
    if (bytes !== undefined) news.preview({ sample, step, bytes });
  }

  return (sample, sampled) => {
    const { step, steps } = sampled;
    done[sample] = step;
    const all = Math.min(...done);
    if (all > told) news.progress(all, steps);
    told = all;
    const isDue = previewEverySteps > 0 && step % previewEverySteps === 0 && step < steps;
    if (isDue) void preview(sample, sampled);
  };
}
