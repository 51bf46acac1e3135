import { execFileSync } from "node:child_process";
import { availableParallelism, constants, setPriority } from "node:os";
import { descendantsOf } from "../support/process-tree.ts";

/** Counted before anything is pinned. */
const processors = availableParallelism();

/** The first of the processors that the backend has to itself: the upper half of them. */
const firstOfBackend = Math.ceil(processors / 2);

/** How many threads the backend shall run an operator with, so that each has a processor. */
export const backendThreads = processors - firstOfBackend;

/**
 * Gives the backend one half of the processors, and the edge, the attackers and the honest client the other half: edge
 * and backend are different machines in production, and what arrives at one takes no time of the other. Attackers have
 * machines of their own there, so here they take what the edge leaves. Call it once all run. Later processes inherit
 * their parent's processors. Needs two processors and Linux's `taskset`.
 */
export function separateMachines(): void {
  const edge = `0-${firstOfBackend - 1}`;
  const backend = `${firstOfBackend}-${processors - 1}`;
  pin(process.pid, edge);
  for (const { pid, command } of descendantsOf(process.pid)) {
    pin(pid, command.includes("gpu-backend/") ? backend : edge);
    if (command.includes("attack-main")) setPriority(pid, constants.priority.PRIORITY_LOW);
  }
}

function pin(pid: number, list: string): void {
  execFileSync("taskset", ["--all-tasks", "--pid", "--cpu-list", list, String(pid)], { stdio: "ignore" });
}
