import { posix } from "node:path";

/** The name of the file in which a folder says which tests hold its sources. */
export const testList = "TESTS.md";

/**
 * What a folder's list says: the sources that it names, whether it speaks for the others, and every test that it names.
 */
interface TestList {
  readonly sources: readonly string[];
  readonly coversOthers: boolean;
  readonly tests: readonly string[];
}

/**
 * What is wrong with the way from sources to their tests, one sentence each. `paths` are all files of the repository; a
 * source has tests at its own path under `test/`, or a line of its folder's list names them.
 */
export function untestedSources(paths: ReadonlySet<string>, lists: ReadonlyMap<string, string>): string[] {
  const read = new Map([...lists].map(([path, text]) => [posix.dirname(path), readList(text)]));
  const untested = [...paths].filter(isSource).filter((path) => {
    const list = read.get(posix.dirname(path));
    const isListed = list !== undefined && (list.coversOthers || list.sources.includes(posix.basename(path)));
    return !isListed && !paths.has(ownTest(path));
  });
  const stale = [...read].flatMap(([folder, { sources, tests }]) =>
    [...sources.map((name) => `${folder}/${name}`), ...tests]
      .filter((path) => !paths.has(path))
      .map((path) => `${folder}/${testList} names ${path}, which does not exist`),
  );
  return [...untested.map((path) => `${path}: add ${ownTest(path)} or a line in its folder's ${testList}`), ...stale];
}

/**
 * Each line is `- SOURCE, SOURCE: TEST, TEST`, names between backquotes; `the others` stands for all that are not
 * named.
 */
function readList(text: string): TestList {
  const lines = text.replaceAll(/\n {2}/gu, " ").split("\n");
  const entries = lines.filter((line) => line.startsWith("- ")).map((line) => line.slice(2).split(": "));
  return {
    sources: entries.flatMap(([sources = ""]) => quoted(sources)),
    coversOthers: entries.some(([sources]) => sources === "the others"),
    tests: entries.flatMap(([, tests = ""]) => quoted(tests)),
  };
}

function quoted(text: string): string[] {
  return Array.from(text.matchAll(/`([^`]+)`/gu), ([, name = ""]) => name);
}

/** `datasets/` is left out: its scripts fetch from the network what training then reads, and run by hand. */
function isSource(path: string): boolean {
  if (/^gpu-backend\/training\/(?:tests|datasets)\//u.test(path) || path.endsWith(".d.ts")) return false;
  return /^(?:shared|workers|gpu-backend|scripts)\/.*\.(?:ts|tsx|py)$/u.test(path) && !path.endsWith("__init__.py");
}

function ownTest(path: string): string {
  const { dir, name } = posix.parse(path);
  if (path.startsWith("gpu-backend/training/")) return `gpu-backend/training/tests/test_${name}.py`;
  return path.endsWith(".py") ? `test/${dir}/test_${name}.py` : `test/${dir}/${name}.test.ts`;
}
