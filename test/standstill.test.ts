import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

test("a run that a blocked process holds up ends, and names the test file", async () => {
  // Beside the project's own packages, which the run's files import.
  const folder = await mkdtemp(join(root, "node_modules/.standstill-"));
  try {
    await writeFile(
      join(folder, "blocked.test.ts"),
      `import { test } from "vitest";
       test("waits for itself", () => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_600_000); });`,
    );
    const reporter = JSON.stringify(join(root, "test/support/standstill-reporter.ts"));
    await writeFile(
      join(folder, "vitest.config.ts"),
      `export default { test: { dir: ${JSON.stringify(folder)}, exclude: [], reporters: [[${reporter}, { standstillMs: 5_000 }]] } };`,
    );
    const child = spawn(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), "run", "--root", folder], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const [said, code] = await Promise.all([
      text(child.stderr),
      new Promise((ended) => child.once("exit", (status) => ended(status))),
    ]);
    expect(said).toContain("No test has ended for 5 s");
    expect(said).toContain("blocked.test.ts");
    expect(code).toBe(1);
  } finally {
    await rm(folder, { recursive: true });
  }
}, 300_000);
