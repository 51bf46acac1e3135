import { runCommand } from "./command-line.ts";
import { runTogether } from "./run-together.ts";

/** Independent of each other, so that the slowest one bounds the wait. */
const checks = [
  "tsc -b",
  "biome ci --colors=off",
  "vitest run --project node test/architecture.test.ts test/documents.test.ts",
  "knip --no-progress --cache",
  "npm run --silent deploy:check",
];

/** `npm run check`: one line for each check, and what a failed one wrote. */
await runCommand(async () => {
  const passed = await runTogether(checks, ({ command, passed, output, seconds }) => {
    process.stdout.write(`${passed ? "passed" : "FAILED"} ${seconds.toFixed(1).padStart(5)} s  ${command}\n`);
    if (!passed) process.stdout.write(`${output}\n`);
  });
  if (!passed) process.exitCode = 1;
});
