// Runs every test that depends on time again under two shifted clocks: `npm run test:clocks`.
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { bundleFolder } from "../../scripts/bundle-folder.ts";
import { buildSite } from "../../scripts/site.ts";

const root = resolve(import.meta.dirname, "../..");
const dayMs = 86_400_000;

/** A run begins so long before the moment that it is to cross: later than a first test, earlier than the last. */
const leadMs = 30_000;

/**
 * A test depends on time if its text names a time, an expiry, a signature that ends or a job, or holds a date or a Unix
 * time. What others start, the same Worker and backend, is started by these too; `security.test.ts` walks over all
 * routes.
 */
const dependsOnTime =
  /\bDate\b|nowMs|expire|certificate|signedHeaders|JobClient|timestamp|stripe|retention|\bmonths?\b|\b20\d\d-\d\d|\b1_?[6-9]\d\d_?\d{3}_?\d{3}/iu;

/** A test can notice the moment that its run crosses if its text names a time or a day, or if it has jobs. */
const noticesMoments = /\bDate\b|nowMs|expire|JobClient|\bUTC\b|\bdays?\b|midnight|calendar/u;

/**
 * Tests that bring a clock of their own, or that load a machine for their own sake and show nothing more of time than
 * others do which start the same Worker and backend.
 */
const leftOut = [
  "model-based/",
  "gpu-backend/main.",
  ...["adapters", "bodies", "leaving-clients", "money-under-fire", "neighbour", "published-model", "roll-out"].map(
    (name) => `e2e/${name}.`,
  ),
  ...["single-flight", "two-backends"].map((name) => `e2e/${name}.`),
  ...["bodies", "faults", "identical-uploads", "malformed", "overload", "pictures", "streaming", "tasks"].map(
    (name) => `gpu-backend/http/${name}.`,
  ),
].map((path) => `test/${path}`);

/** One run of tests. */
interface Clock {
  readonly name: string;
  /** When its run begins, in Unix milliseconds. */
  readonly startMs: number;
  /** Which tests it runs, by their text. */
  readonly rule: RegExp;
  /**
   * How often a test that failed is tried again. What depends on the day fails each time, so a second try hides nothing
   * there; what depends on the moment that a run crosses fails once.
   */
  readonly retries: 0 | 1;
}

/**
 * A year's end is a midnight at which day, month and year change. The leap day lies more than a year away: whatever is
 * valid for a year has ended by then.
 */
function clocks(nowMs: number): readonly [far: Clock, crossing: Clock] {
  const yearsEndMs = Date.UTC(new Date(nowMs).getUTCFullYear() + 1, 0, 1);
  const nextYear = new Date(nowMs + 366 * dayMs).getUTCFullYear();
  const leapYear = nextYear + 4 - (nextYear % 4);
  return [
    { name: "on a leap day", startMs: Date.UTC(leapYear, 1, 29), rule: dependsOnTime, retries: 1 },
    { name: "across a year's end", startMs: yearsEndMs - leadMs, rule: noticesMoments, retries: 0 },
  ];
}

/** The test files whose text matches. */
function filesWith(rule: RegExp): readonly string[] {
  const all = globSync("test/{workers,shared,gpu-backend,scripts,e2e}/**/*.test.ts", { cwd: root });
  const left = all.filter((file) => !leftOut.some((path) => file.startsWith(path)));
  const files = left.filter((file) => rule.test(readFileSync(join(root, file), "utf8")));
  if (files.length === 0) end("No test depends on time: the rules in test/clocks/run.ts find none.");
  return files;
}

/** Builds the library that shifts a process's clock. */
function buildShift(folder: string): string {
  const library = join(folder, "shift-clock.so");
  const source = join(import.meta.dirname, "shift-clock.c");
  const built = spawnSync("cc", ["-shared", "-fPIC", "-O2", "-Wall", "-o", library, source], { stdio: "inherit" });
  if (built.status !== 0) end("Shifting the clock needs a C compiler named cc and glibc. Install gcc.");
  return library;
}

function end(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/**
 * A library that the loader cannot use is ignored with a warning: then nothing would be shifted, and all would pass.
 */
function checkShift(library: string): void {
  const env = { ...process.env, LD_PRELOAD: library, CLOCK_SHIFT_SECONDS: String(dayMs / 1_000) };
  const { stdout } = spawnSync(process.execPath, ["-p", "Date.now()"], { env, encoding: "utf8" });
  if (Math.abs(Number(stdout) - Date.now() - dayMs) > dayMs / 2) end("The preloaded library does not shift the clock.");
}

/** Runs the tests of a clock, and gives whether they passed. */
function runUnder(library: string, { name, startMs, rule, retries }: Clock): boolean {
  const files = filesWith(rule);
  const shiftSeconds = Math.round((startMs - Date.now()) / 1_000);
  const env = { ...process.env, LD_PRELOAD: library, CLOCK_SHIFT_SECONDS: String(shiftSeconds) };
  const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run", `--retry=${retries}`];
  process.stdout.write(`\n${files.length} test files, ${name}: ${new Date(startMs).toISOString()}\n`);
  return spawnSync(process.execPath, [...vitest, ...files], { cwd: root, env, stdio: "inherit" }).status === 0;
}

if (process.platform !== "linux") end("Shifting the clock works on Linux alone. The tests themselves run anywhere.");

const folder = mkdtempSync(join(tmpdir(), "clocks-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const library = buildShift(folder);
checkShift(library);
await buildSite({ root, bundle: bundleFolder(root, {}, {}), folder: join(root, "dist/site") });
for (const clock of clocks(Date.now())) {
  if (!runUnder(library, clock)) end(`Tests failed ${clock.name}.`);
}
