import { readFileSync } from "node:fs";
import { posix } from "node:path";

/** Reads a small text file; undefined where there is none. */
export type ReadText = (path: string) => string | undefined;

/**
 * Bytes that this process may still take: what the machine has left, or less where a control group of a container
 * (version 1 or 2) sets a limit. Cached files count as free, since the system gives them up. `fallback` stands in where
 * there is no /proc.
 */
export function availableBytes(read: ReadText, fallback: number): number {
  const machine = kibibytes(read("/proc/meminfo"), "MemAvailable") ?? fallback;
  return Math.max(0, Math.min(machine, ...groupFolders(read).map((folder) => leftInGroup(read, folder))));
}

/** Reads a file of the system. */
export function readSystemText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

const groupRoot = "/sys/fs/cgroup";

/**
 * The group of this process and those around it, each of which may set a limit. In a container they are at the root.
 */
function groupFolders(read: ReadText): string[] {
  const own = /^0::(\/.*)$/mu.exec(read("/proc/self/cgroup") ?? "")?.[1] ?? "/";
  const folders = [`${groupRoot}/memory`];
  for (let path = posix.join(groupRoot, own); path.startsWith(groupRoot); path = posix.dirname(path))
    folders.push(path);
  return folders;
}

function leftInGroup(read: ReadText, folder: string): number {
  const number = (...names: readonly string[]) =>
    names.map((name) => Number.parseInt(read(posix.join(folder, name)) ?? "", 10)).find(Number.isFinite);
  const limit = number("memory.max", "memory.limit_in_bytes");
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  const used = number("memory.current", "memory.usage_in_bytes") ?? 0;
  const statistics = read(posix.join(folder, "memory.stat")) ?? "";
  const cached = Number(/^(?:total_)?inactive_file (\d+)$/mu.exec(statistics)?.[1] ?? 0);
  return limit - used + cached;
}

/** "MemAvailable:   123 kB" → bytes. */
function kibibytes(text: string | undefined, name: string): number | undefined {
  const value = new RegExp(`^${name}:\\s+(\\d+) kB$`, "mu").exec(text ?? "")?.[1];
  return value === undefined ? undefined : 1_024 * Number(value);
}
