import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

const script = join(import.meta.dirname, "../../scripts/wuerstchen.ts");

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(parameters: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  return new Promise((settle) => {
    execFile(
      process.execPath,
      [script, "import", ...parameters],
      { env: { ...process.env, ...environment } },
      (error, stdout, stderr) => {
        settle({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
      },
    );
  });
}

test("--help tells every option, and needs no Python", async () => {
  const { code, stdout } = await run(["--help"], { PYTHON: "/nowhere/python" });
  expect(code).toBe(0);
  for (const option of [
    "--prior",
    "--text",
    "--decoder-text",
    "--adapter",
    "--out",
    "--id",
    "--weights",
    "--variant",
    "--stage-b",
    "--sizes",
    "--licence",
    "--restart",
  ]) {
    expect(stdout).toContain(option);
  }
});

test("without a source it says what one is", async () => {
  const { code, stderr } = await run(["--weights", "float16"]);
  expect(code).toBe(2);
  expect(stderr).toContain("a folder, a file or a hub id");
});

test("a Python that is not there, or lacks packages, is named with what to do", async () => {
  const missing = await run(["somewhere"], { PYTHON: "/nowhere/python" });
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("/nowhere/python cannot be run") });
  const bare = await run(["somewhere"], { PYTHON: "false" });
  expect(bare).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/lacks packages\. Install them with: .*requirements\.txt/u),
  });
});

test("an import that the system ended says so, and why it most often does", async () => {
  const folder = await mkdtemp(join(tmpdir(), "import-"));
  const python = join(folder, "python");
  // Finds every package, and is killed in the midst of its work.
  await writeFile(python, '#!/bin/sh\n[ "$1" = -c ] && exit 0\nkill -9 $$\n', { mode: 0o755 });
  const { code, stderr } = await run(["somewhere"], { PYTHON: python });
  await rm(folder, { recursive: true });
  expect(code).toBe(137);
  expect(stderr).toMatch(/ended by SIGKILL.*out of memory.*run it again/su);
});
