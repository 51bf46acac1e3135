import type { LaneJob } from "./lane-messages.ts";

/** How much a job asks for. */
export interface Work {
  /** Pictures or latents that it makes. */
  readonly pictures: number;
  /** What its price is proportional to: rows of Stage C times steps, or pictures decoded. */
  readonly units: number;
}

/** The work in a job. */
export function workOf(job: LaneJob): Work {
  if (job.kind === "decode") return { pictures: 1, units: 1 };
  const { seeds, steps, guidanceScale } = job.request;
  return { pictures: seeds.length, units: seeds.length * steps * (guidanceScale > 1 ? 2 : 1) };
}
