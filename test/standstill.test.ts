import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

/** A worker whose last message is lost. */
const silent = `import { parentPort } from "node:worker_threads";
  const post = parentPort.postMessage.bind(parentPort);
  parentPort.postMessage = (message) => { if (message?.type !== "testfileFinished") post(message); };`;

test("a run that a blocked process holds up ends, and names the test file", async () => {
  const blocked = `test("waits for itself", () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_600_000);
  });`;
  const { errors, status } = await run(blocked, { standstillMs: 5_000 });
  expect(errors).toContain("No test has ended for 5 s");
  expect(errors).toContain("example.test.ts");
  expect(status).toBe(1);
}, 300_000);

test.each([
  { outcome: "1 passed, 0 failed", expected: 1, status: 0 },
  { outcome: "0 passed, 1 failed", expected: 2, status: 1 },
])(
  "a run whose worker never says that it is done ends with the outcome: $outcome",
  async (row) => {
    const example = `${silent} test("adds", () => { expect(${row.expected}).toBe(1); });`;
    const { errors, output, status } = await run(example, { farewellMs: 1_000 });
    expect(errors).toContain("a worker has not said so for 1 s");
    expect(output.trimEnd().split("\n").at(-1)).toBe(row.outcome);
    expect(status).toBe(row.status);
  },
  300_000,
);

/** Runs one test file in a thread, with the reporters of this project and other limits. */
async function run(example: string, limits: object) {
  // Beside the project's own packages, which the run's files import.
  const folder = await mkdtemp(join(root, "node_modules/.standstill-"));
  try {
    await writeFile(join(folder, "example.test.ts"), `import { expect, test } from "vitest"; ${example}`);
    const support = join(root, "test/support");
    const reporters = [`${support}/plain-summary-reporter.ts`, [`${support}/standstill-reporter.ts`, limits]];
    const options = JSON.stringify({ dir: folder, exclude: [], pool: "threads", reporters });
    await writeFile(join(folder, "vitest.config.ts"), `export default { test: ${options} };`);
    const child = spawn(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), "run", "--root", folder], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [errors, output, status] = await Promise.all([
      text(child.stderr),
      text(child.stdout),
      new Promise((ended) => child.once("exit", (code) => ended(code))),
    ]);
    return { errors, output, status };
  } finally {
    await rm(folder, { recursive: true });
  }
}
