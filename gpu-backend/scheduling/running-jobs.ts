import type { Priority } from "../../shared/wire/job-terms.ts";
import type { Urgency } from "../../shared/wire/urgency.ts";
import { createFairShare, type FairShare } from "./fair-share.ts";

/** Whose job it is, as far as that decides whether it may wait. */
export interface Applicant {
  readonly priority: Priority;
  /** Opaque; jobs without one are one tenant's. */
  readonly tenant: string;
  /** Opaque: the client's request that the job is part of, if it is part of one. */
  readonly request: string | undefined;
  /** Pictures that it makes, 1 or more. */
  readonly pictures: number;
}

/** A job as far as it decides when it begins. */
export interface Candidate extends Applicant {
  readonly deadlineMs: number;
  readonly arrival: number;
  /** What it will take of the device, in milliseconds as they are expected. */
  readonly costMs: number;
  /** Whether it ends what other jobs began: it goes before their like. */
  readonly isLast: boolean;
}

/** A job that begins, and its place among those that run. */
export interface Begun<Job> {
  readonly job: Job;
  readonly urgency: Urgency;
}

/** The jobs that run, and what each tenant was given. */
export interface RunningJobs<Job extends Candidate> {
  list(): Iterable<Job>;
  /** Whether a job may begin within the bound of pictures. One of more pictures may when nothing else of its class runs. */
  fits(applicant: Applicant): boolean;
  /** Whether it may begin beyond the bound: its tenant runs nothing, and less than twice the bound runs. */
  fitsBeyond(applicant: Applicant): boolean;
  /** The place that a job would have if it began now. */
  placeOf(job: Job): Urgency;
  begin(job: Job): Begun<Job>;
  /** Does nothing for a job that does not run. */
  end(job: Job): void;
}

/** Nothing runs. `picturesMax`: the bound. */
export function createRunningJobs<Job extends Candidate>(picturesMax: number): RunningJobs<Job> {
  const startTags = new Map<Job, number>();
  const shares: Readonly<Record<Priority, FairShare>> = { interactive: createFairShare(), batch: createFairShare() };

  /** What batch jobs run does not count against an interactive job, which goes before them at their next step. */
  function picturesBefore(priority: Priority): number {
    let pictures = 0;
    for (const job of startTags.keys()) {
      if (job.priority === "interactive" || priority === "batch") pictures += job.pictures;
    }
    return pictures;
  }

  return {
    list: () => startTags.keys(),
    fits({ priority, pictures }) {
      const before = picturesBefore(priority);
      return before === 0 || before + pictures <= picturesMax;
    },
    fitsBeyond({ priority, tenant }) {
      if (picturesBefore(priority) >= 2 * picturesMax) return false;
      return !Array.from(startTags.keys()).some((job) => job.tenant === tenant);
    },
    placeOf: ({ priority, tenant, deadlineMs, arrival }) => {
      return { priority, startTag: shares[priority].startOf(tenant), deadlineMs, arrival };
    },
    begin(job) {
      const { priority, tenant, costMs, deadlineMs, arrival, isLast } = job;
      const first = shares[priority].virtualTime();
      const startTag = shares[priority].begin(tenant, costMs);
      startTags.set(job, startTag);
      return { job, urgency: { priority, startTag: isLast ? first : startTag, deadlineMs, arrival } };
    },
    end(job) {
      const startTag = startTags.get(job);
      if (startTag !== undefined) shares[job.priority].end(startTag);
      startTags.delete(job);
    },
  };
}
