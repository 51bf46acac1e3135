// What `npm start` runs, with faults around it: the Worker's bindings, and what stands between edge and backend. The
// one argument is JSON of `StartOptions`.
import { join } from "node:path";
import { runCommand } from "../../scripts/command-line.ts";
import { runStack } from "../../scripts/run-stack.ts";
import { tinyDirectory } from "../support/tiny-bundle.ts";

/** How the stack is started. */
export interface StartOptions {
  readonly port: number;
  readonly backendPort: number;
  readonly state: string;
  /** Where the edge finds the backend. */
  readonly backendUrl: string;
}

await runCommand(async () => {
  const options: StartOptions = JSON.parse(process.argv[2] ?? "{}");
  const entry = join(import.meta.dirname, "worker/faulty-worker.ts");
  const rest = { bundle: tinyDirectory, entry, verbose: true, mayUseTemporaryState: false };
  await runStack({ ...options, ...rest }, () => process.stdout.write("ready\n"));
});
