import type { Priority } from "../../shared/wire/task-terms.ts";
import { compareUrgency } from "../../shared/wire/urgency.ts";
import { type Applicant, type Begun, type Candidate, createRunningTasks, type RunningTasks } from "./running-tasks.ts";

/** Which tasks wait and which run. Holds no promise, clock or timer. */
export interface Admission<Task extends Candidate> {
  /** Waiting and running tasks. */
  tasks(): readonly Task[];
  /** Whether a task would be let in now. Costs a pass over the tasks, and changes nothing. */
  hasRoom(applicant: Applicant): boolean;
  /** Lets a task wait. False, and nothing changes, when there is no place for it. */
  enter(task: Task): boolean;
  /** The tasks that begin now; from here on they run. */
  begin(): Begun<Task>[];
  /** Takes out a task, waiting or running. Does nothing when it is not in. */
  leave(task: Task): void;
}

/** Bounds. */
export interface AdmissionOptions {
  /** Tasks that may wait to begin, of all tenants. */
  readonly waitingMax: number;
  /** Pictures that run at a time. A task of more runs when nothing else of its class does. */
  readonly picturesMax: number;
}

/** Of requests, whose tasks follow one another within seconds, many more than can be under way. Some 400 KB. */
const recentRequestsMax = 4_096;

/**
 * Interactive tasks begin before batch tasks; within a class, the tenant that had least, by its weight
 * (`running-tasks.ts`); of a tenant, the earliest deadline. The first in this order is never overtaken by a smaller
 * task. A tenant that runs nothing begins one task beyond the bound of pictures, up to twice the bound, so that it need
 * not wait for the long tasks of others to end.
 *
 * Places to wait: a tenant may hold as many as are still free (dynamic thresholds, Choudhury and Hahne, IEEE/ACM
 * Transactions on Networking 6(2), 1998), so one alone gets half, n of them 1/(n+1) each, and a new one always finds
 * some. Batch tasks may hold half of all places. Once a task was let in, the others of its request are, whatever is
 * free: work that has begun is finished, and none is done for a request that is refused in the end.
 */
export function createAdmission<Task extends Candidate>({
  waitingMax,
  picturesMax,
}: AdmissionOptions): Admission<Task> {
  const waiting = new Set<Task>();
  const running = createRunningTasks<Task>(picturesMax);
  const requests = createRecentNames(recentRequestsMax);

  /**
   * The next to begin: the first, if it fits, else the first of a tenant that runs nothing, within the first's class.
   */
  function next(): Task | undefined {
    const ordered = inOrder(waiting, running);
    const [first] = ordered;
    if (first === undefined || running.fits(first)) return first;
    return ordered.find((task) => task.priority === first.priority && running.fitsBeyond(task));
  }

  function demandOf({ tenant, priority }: Applicant): number {
    return [...waiting, ...running.list()].filter((task) => task.tenant === tenant && task.priority === priority)
      .length;
  }

  function hasRoom(applicant: Applicant): boolean {
    const { priority, tenant, request } = applicant;
    if (request !== undefined && requests.has(request)) return true;
    const others = Array.from(waiting);
    const isFirst = !others.some((task) => task.priority === "interactive" || priority === "batch");
    if (isFirst && running.fits(applicant)) return true;
    const own = others.filter((task) => task.tenant === tenant).length;
    if (own === 0 && isFirstOfClass(others, priority) && running.fitsBeyond(applicant)) return true;
    const free = (priority === "batch" ? Math.ceil(waitingMax / 2) : waitingMax) - waiting.size;
    return free > 0 && (own === 0 || own < free);
  }

  return {
    tasks: () => [...waiting, ...running.list()],
    hasRoom,
    enter(task) {
      if (!hasRoom(task)) return false;
      waiting.add(task);
      if (task.request !== undefined) requests.add(task.request);
      return true;
    },
    begin() {
      const begun: Begun<Task>[] = [];
      for (let task = next(); task !== undefined; task = next()) {
        const demand = demandOf(task);
        waiting.delete(task);
        begun.push(running.begin(task, demand));
      }
      return begun;
    },
    leave(task) {
      waiting.delete(task);
      running.end(task);
    },
  };
}

/** Whether nothing more urgent than this class waits. */
function isFirstOfClass(waiting: readonly Candidate[], priority: Priority): boolean {
  return priority === "interactive" || !waiting.some((task) => task.priority === "interactive");
}

function inOrder<Task extends Candidate>(waiting: Iterable<Task>, running: RunningTasks<Task>): Task[] {
  return Array.from(waiting, (task) => [task, running.placeOf(task)] as const)
    .sort(([, a], [, b]) => compareUrgency(a, b))
    .map(([task]) => task);
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
