// Ends processes whose parent was killed: `node scripts/orphan-guard.ts PID...` with a pipe as stdin.
//
// A process that is killed by SIGKILL cannot end its children, and workerd does not notice that its parent has gone.
// The kernel closes the pipe then. A parent that ends as it should writes "done" first.
import { text } from "node:stream/consumers";

const pids = process.argv.slice(2).map(Number);
const ignore = () => {};
// A terminal sends Ctrl-C to the whole group; the parent ends everything by itself then.
process.on("SIGINT", ignore).on("SIGTERM", ignore).on("SIGHUP", ignore);

const said = await text(process.stdin).catch(() => "");
if (said.trim() !== "done") {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
  }
}
