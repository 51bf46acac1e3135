import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const read = (path: string) => readFileSync(join(import.meta.dirname, "../..", path), "utf8");
const [settings, guide] = [read("wrangler.toml"), read("docs/deploy.md")];

test.each([
  ["queue", /^(?:queue|dead_letter_queue) = "(.+)"$/gmu],
  ["bucket", /^bucket_name = "(.+)"$/gmu],
  ["database", /^database_name = "(.+)"$/gmu],
  ["KV namespace", /^\[\[kv_namespaces\]\]\nbinding = "(.+)"$/gmu],
  ["secret that is needed", /^# {3}([A-Z_]+_SECRET) {2,}/gmu],
])("the guide creates every %s that wrangler.toml names", (_, pattern) => {
  const names = Array.from(settings.matchAll(pattern), ([, name = ""]) => name);
  expect(names).not.toEqual([]);
  for (const name of names) expect(guide).toMatch(new RegExp(`\\b${name}\\b`, "u"));
});

test("a deployed Worker keeps its own log lines, and none of the platform's, which hold URLs and so signed links", () => {
  expect(settings).toMatch(/^\[observability\]\nenabled = true$/mu);
  expect(settings).toMatch(/^\[observability\.logs\]\nenabled = true\ninvocation_logs = false$/mu);
});
