import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { BatchRule } from "./batch-rule.ts";
import type { RuleStore } from "./batch-rules.ts";

/** JSON has no Infinity. */
const storedSchema = z.object({ rowsMin: z.int().min(1).nullable(), rowsMax: z.int().min(1) });

/**
 * Rules as small files in `directory`, a file each. `context`: all that a rule depends on beside its key (graphs,
 * provider, threads, processor), as JSON; under another one nothing is found. A file that cannot be read counts as
 * none.
 */
export function openRuleStore(directory: string, context: unknown): RuleStore {
  const pathOf = (key: string) =>
    join(
      directory,
      `${createHash("sha256")
        .update(JSON.stringify([context, key]))
        .digest("hex")}.json`,
    );

  return {
    async find(key) {
      const text = await readFile(pathOf(key), "utf8").catch(() => "");
      const { data } = storedSchema.safeParse(parsed(text));
      return data && { rowsMin: data.rowsMin ?? Number.POSITIVE_INFINITY, rowsMax: data.rowsMax };
    },
    async keep(key, { rowsMin, rowsMax }: BatchRule) {
      const path = pathOf(key);
      // Whole at once: several lanes may write the same rule.
      const unfinished = `${path}.${process.pid}`;
      const content = JSON.stringify({ rowsMin: Number.isFinite(rowsMin) ? rowsMin : null, rowsMax });
      await mkdir(directory, { recursive: true, mode: 0o700 })
        .then(() => writeFile(unfinished, content))
        .then(() => rename(unfinished, path))
        .catch(() => undefined);
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
