import { describeLatent } from "../../shared/latents/latent-format.ts";
import { latentShapeFor } from "../../shared/models/latent-shape.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { decodeMsMax, stageCMsMax, taskMsBound } from "../../shared/models/work-time.ts";
import type { StageCRequest } from "../../shared/wire/stage-c.ts";

/** The manifest of a revision, also of one that is offered no more. */
export type ManifestOf = (revision: string) => Promise<Manifest | undefined>;

/** How long the edge waits for each kind of task, in milliseconds: by the size of its model. */
export interface TaskTimes {
  stageC(job: StageCRequest): Promise<number>;
  /** Of a latent file. */
  decode(latent: Uint8Array): Promise<number>;
  /** Of a picture that is to become a latent of `size`, "WIDTHxHEIGHT"; without one, part of a prompt. */
  encode(work: { readonly revision: string; readonly size?: string }): Promise<number>;
}

/** Times by manifests. Of a revision that is not known here, the longest that any task may take. */
export function createTaskTimes(manifestOf: ManifestOf): TaskTimes {
  async function msOf(revision: string | undefined, measure: (manifest: Manifest) => number | undefined) {
    // What cannot be looked up now must not fail a task that a backend may well do.
    const manifest = revision === undefined ? undefined : await manifestOf(revision).catch(() => undefined);
    return (manifest && measure(manifest)) ?? taskMsBound;
  }

  return {
    stageC: (job) => msOf(job.revision, (manifest) => stageCMsMax(manifest, { ...job, samples: job.seeds.length })),
    decode(latent) {
      const described = describeLatent(latent);
      return msOf(described?.metadata.revision, (manifest) => described && decodeMsMax(manifest, described.shape));
    },
    encode: ({ revision, size }) =>
      msOf(revision, (manifest) => {
        const shape = latentShapeFor(manifest, size ?? manifest.image.sizeDefault);
        return shape.ok ? decodeMsMax(manifest, shape.value) : undefined;
      }),
  };
}
