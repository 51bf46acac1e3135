import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { testList, untestedSources } from "./support/test-lists.ts";

const root = resolve(import.meta.dirname, "..");

test("the tests of every source are at its path under test/, or its folder's list names them", () => {
  const listing = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root });
  const paths = listing.toString("utf8").split("\n");
  const present = new Set(paths.filter((path) => path !== "" && existsSync(join(root, path))));
  const lists = [...present].filter((path) => path.endsWith(`/${testList}`));
  expect(present).toContain("shared/result.ts");
  expect(
    untestedSources(present, new Map(lists.map((path) => [path, readFileSync(join(root, path), "utf8")]))),
  ).toEqual([]);
});

describe("a planted fault is found:", () => {
  const list = (text: string) => new Map([["shared/TESTS.md", text]]);
  const problems = (paths: string[], text = "") => untestedSources(new Set(paths), list(text));

  test("a source without tests, in TypeScript and in Python", () => {
    expect(problems(["shared/a.ts", "workers/site/view/b.tsx"])).toHaveLength(2);
    expect(problems(["shared/a.ts", "test/shared/a.test.ts"])).toEqual([]);
    const python = "gpu-backend/training/wuerstchen/training/loop.py";
    expect(problems([python])).toHaveLength(1);
    expect(problems([python, "gpu-backend/training/tests/test_loop.py"])).toEqual([]);
  });

  test("a source that only another folder's list names", () => {
    const paths = ["workers/a.ts", "test/b.test.ts", "shared/a.ts"];
    expect(problems(paths, "- `a.ts`: `test/b.test.ts`")).toEqual([expect.stringMatching(/^workers\/a\.ts: add /u)]);
  });

  test("a list that names a source or a test which is gone, also on a line that goes on", () => {
    const paths = ["shared/a.ts", "test/b.test.ts"];
    expect(problems(paths, "- `a.ts`: `test/b.test.ts`")).toEqual([]);
    expect(problems(paths, "- the others: `test/b.test.ts`,\n  `test/c.test.ts`")).toHaveLength(1);
    expect(problems(paths, "- `a.ts`, `gone.ts`:\n  `test/b.test.ts`")).toHaveLength(1);
  });
});
