import { readdirSync, readFileSync } from "node:fs";

/** A running process, as Linux' /proc tells it. */
export interface FoundProcess {
  readonly pid: number;
  readonly parent: number;
  /** Memory that it has, in bytes. */
  readonly bytes: number;
  /** Its arguments, each ended by a zero. */
  readonly command: string;
}

/** The processes that this one started, and those that they started. */
export function descendantsOf(pid: number): readonly FoundProcess[] {
  const processes = readdirSync("/proc")
    .filter((entry) => /^\d+$/u.test(entry))
    .flatMap((entry) => readProcess(entry) ?? []);
  const family = new Set([pid]);
  for (let size = 0; size < family.size; ) {
    size = family.size;
    for (const found of processes) if (family.has(found.parent)) family.add(found.pid);
  }
  return processes.filter((found) => found.pid !== pid && family.has(found.pid));
}

/** Undefined when it has ended meanwhile. */
function readProcess(pid: string): FoundProcess | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const field = (label: string) => Number(new RegExp(`^${label}:\\s+(\\d+)`, "mu").exec(status)?.[1] ?? 0);
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    return { pid: Number(pid), parent: field("PPid"), bytes: field("VmRSS") * 1_024, command };
  } catch {
    return undefined;
  }
}
