import { compareUrgency, type Urgency } from "../../shared/wire/urgency.ts";

/** A job as far as it decides when it begins. */
export interface Candidate {
  readonly urgency: Urgency;
  /** Pictures that it makes, 1 or more. */
  readonly pictures: number;
}

/** Who waits and who runs. Holds no promise, clock or timer. */
export interface Admission<Job extends Candidate> {
  /** Waiting and running jobs. */
  jobs(): readonly Job[];
  /** Lets a job wait. False, and nothing changes, when there is no place for it. */
  enter(job: Job): boolean;
  /** The jobs that begin now, most urgent first; from here on they run. */
  begin(): Job[];
  /** Takes out a job, waiting or running. Does nothing when it is not in. */
  leave(job: Job): void;
}

/** Bounds. */
export interface AdmissionOptions {
  /** Jobs that may wait for their turn. */
  readonly waitingMax: number;
  /** Pictures that run at a time. A job of more runs when nothing else of its class does. */
  readonly picturesMax: number;
}

/**
 * The most urgent job begins first and is never overtaken by a smaller one. Batch jobs cannot keep interactive ones
 * out: they may take half of the places to wait, and what they run does not count against an interactive job, which
 * is put before them at their next step.
 */
export function createAdmission<Job extends Candidate>(options: AdmissionOptions): Admission<Job> {
  const waiting: Job[] = [];
  const running = new Set<Job>();

  function fits(job: Job): boolean {
    const ahead = [...running].filter(({ urgency }) => counts(urgency, job.urgency));
    const pictures = ahead.reduce((sum, other) => sum + other.pictures, 0);
    return pictures === 0 || pictures + job.pictures <= options.picturesMax;
  }

  return {
    jobs: () => [...waiting, ...running],
    enter(job) {
      const begins = (waiting[0] === undefined || compareUrgency(job.urgency, waiting[0].urgency) < 0) && fits(job);
      const { waitingMax } = options;
      const placesMax = job.urgency.priority === "batch" ? Math.ceil(waitingMax / 2) : waitingMax;
      if (!begins && waiting.length >= placesMax) return false;
      const index = waiting.findIndex((other) => compareUrgency(job.urgency, other.urgency) < 0);
      waiting.splice(index === -1 ? waiting.length : index, 0, job);
      return true;
    },
    begin() {
      const beginning: Job[] = [];
      for (let [next] = waiting; next !== undefined && fits(next); [next] = waiting) {
        waiting.shift();
        running.add(next);
        beginning.push(next);
      }
      return beginning;
    },
    leave(job) {
      running.delete(job);
      const index = waiting.indexOf(job);
      if (index !== -1) waiting.splice(index, 1);
    },
  };
}

/** Whether a running job stands in the way of one that waits. */
function counts(running: Urgency, waiting: Urgency): boolean {
  return running.priority === "interactive" || waiting.priority === "batch";
}
