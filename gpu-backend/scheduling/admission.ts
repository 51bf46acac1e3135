import type { Priority } from "../../shared/wire/job-terms.ts";
import { compareUrgency } from "../../shared/wire/urgency.ts";
import { type Applicant, type Begun, type Candidate, createRunningJobs, type RunningJobs } from "./running-jobs.ts";

/** Who waits and who runs. Holds no promise, clock or timer. */
export interface Admission<Job extends Candidate> {
  /** Waiting and running jobs. */
  jobs(): readonly Job[];
  /** Whether a job would be let in now. Costs a pass over the jobs, and changes nothing. */
  hasRoom(applicant: Applicant): boolean;
  /** Lets a job wait. False, and nothing changes, when there is no place for it. */
  enter(job: Job): boolean;
  /** The jobs that begin now; from here on they run. */
  begin(): Begun<Job>[];
  /** Takes out a job, waiting or running. Does nothing when it is not in. */
  leave(job: Job): void;
}

/** Bounds. */
export interface AdmissionOptions {
  /** Jobs that may wait to begin, of all tenants. */
  readonly waitingMax: number;
  /** Pictures that run at a time. A job of more runs when nothing else of its class does. */
  readonly picturesMax: number;
}

/** Of requests, whose jobs follow one another within seconds, many more than can be under way. Some 400 KB. */
const recentRequestsMax = 4_096;

/**
 * Interactive jobs begin before batch jobs; within a class, the tenant that had least; of a tenant, the earliest deadline.
 * The first in this order is never overtaken by a smaller job. A tenant that runs nothing begins one job beyond the bound of
 * pictures, up to twice the bound, so that it need not wait for the long jobs of others to end.
 *
 * Places to wait: a tenant may hold as many as are still free (dynamic thresholds, Choudhury and Hahne, IEEE/ACM
 * Transactions on Networking 6(2), 1998), so one alone gets half, n of them 1/(n+1) each, and a new one always finds some.
 * Batch jobs may hold half of all places. Once a job was let in, the others of its request are, whatever is free: work that
 * has begun is finished, and none is done for a request that is refused in the end.
 */
export function createAdmission<Job extends Candidate>({ waitingMax, picturesMax }: AdmissionOptions): Admission<Job> {
  const waiting = new Set<Job>();
  const running = createRunningJobs<Job>(picturesMax);
  const requests = createRecentNames(recentRequestsMax);

  /** The next to begin: the first, if it fits, else the first of a tenant that runs nothing, within the first's class. */
  function next(): Job | undefined {
    const ordered = inOrder(waiting, running);
    const [first] = ordered;
    if (first === undefined || running.fits(first)) return first;
    return ordered.find((job) => job.priority === first.priority && running.fitsBeyond(job));
  }

  function hasRoom(applicant: Applicant): boolean {
    const { priority, tenant, request } = applicant;
    if (request !== undefined && requests.has(request)) return true;
    const others = Array.from(waiting);
    const isFirst = !others.some((job) => job.priority === "interactive" || priority === "batch");
    if (isFirst && running.fits(applicant)) return true;
    const own = others.filter((job) => job.tenant === tenant).length;
    if (own === 0 && isFirstOfClass(others, priority) && running.fitsBeyond(applicant)) return true;
    const free = (priority === "batch" ? Math.ceil(waitingMax / 2) : waitingMax) - waiting.size;
    return free > 0 && (own === 0 || own < free);
  }

  return {
    jobs: () => [...waiting, ...running.list()],
    hasRoom,
    enter(job) {
      if (!hasRoom(job)) return false;
      waiting.add(job);
      if (job.request !== undefined) requests.add(job.request);
      return true;
    },
    begin() {
      const begun: Begun<Job>[] = [];
      for (let job = next(); job !== undefined; job = next()) {
        waiting.delete(job);
        begun.push(running.begin(job));
      }
      return begun;
    },
    leave(job) {
      waiting.delete(job);
      running.end(job);
    },
  };
}

/** Whether nothing more urgent than this class waits. */
function isFirstOfClass(waiting: readonly Candidate[], priority: Priority): boolean {
  return priority === "interactive" || !waiting.some((job) => job.priority === "interactive");
}

function inOrder<Job extends Candidate>(waiting: Iterable<Job>, running: RunningJobs<Job>): Job[] {
  return Array.from(waiting, (job) => [job, running.placeOf(job)] as const)
    .sort(([, a], [, b]) => compareUrgency(a, b))
    .map(([job]) => job);
}

/** The names that were added last, oldest out. */
function createRecentNames(countMax: number): { has(name: string): boolean; add(name: string): void } {
  const names = new Set<string>();
  return {
    has: (name) => names.has(name),
    add(name) {
      names.delete(name);
      names.add(name);
      const [oldest] = names;
      if (names.size > countMax && oldest !== undefined) names.delete(oldest);
    },
  };
}
