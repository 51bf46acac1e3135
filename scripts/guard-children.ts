import { execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";

/** Stops guarding: this process ends its children by itself. */
type Release = () => void;

/** Makes sure that the present children of this process are killed when it ends in any way. */
export function guardChildren(): Release {
  const pids = childrenOf(process.pid);
  const guard = spawn(
    process.execPath,
    [join(import.meta.dirname, `orphan-guard${extname(import.meta.filename)}`), ...pids.map(String)],
    {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    },
  );
  guard.unref();
  // The pipe alone must not keep this process alive, and a guard that cannot run is no reason to fail.
  guard.stdin.on("error", () => {});
  guard.on("error", () => {});
  return () => guard.stdin.end("done\n");
}

/** Process ids. Linux lists them by thread; elsewhere pgrep does. */
function childrenOf(pid: number): readonly number[] {
  const tasks = `/proc/${pid}/task`;
  try {
    const lists = readdirSync(tasks).map((task) => readFileSync(join(tasks, task, "children"), "utf8"));
    return lists.flatMap((list) => list.split(" ").filter(Boolean).map(Number));
  } catch {
    return pgrepChildren(pid);
  }
}

function pgrepChildren(pid: number): readonly number[] {
  try {
    return execFileSync("pgrep", ["-P", String(pid)], { encoding: "utf8" })
      .split("\n")
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}
