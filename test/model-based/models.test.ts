import { basename } from "node:path";
import { expect, test } from "vitest";
import { importsOf } from "../support/architecture.ts";
import { readSources } from "../support/source-tree.ts";

const isModel = (path: string) => /(?:^|-)model[-.]/u.test(basename(path));

test("a reference model imports models and nothing else: no line of what it is compared with", () => {
  const models = [...readSources("test/model-based")].filter(([path]) => isModel(path));
  expect(models.map(([path]) => path)).toContain("test/model-based/ledger/ledger-model.ts");
  const imported = models.flatMap(([path, source]) => importsOf(path, source));
  expect(imported.filter((specifier) => !isModel(specifier))).toEqual([]);
});
