import { createHash } from "node:crypto";
import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { type Manifest, parseManifest } from "../../shared/models/manifest.ts";

/** A model bundle on disk. */
export interface Bundle {
  readonly directory: string;
  readonly manifest: Manifest;
  /** Token ids are below it. */
  readonly vocabularySize: number;
}

/**
 * Reads a bundle's manifest and checks length and SHA-256 of every file. Throws `AppError` naming the file and what is
 * wrong with it: a server must not start on weights that are not what their manifest says.
 */
export async function readBundle(directory: string): Promise<Bundle> {
  const manifest = await readManifest(directory);
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  for (const [name, expected] of Object.entries(manifest.files)) {
    await verifyFile(join(directory, name), expected, buffer);
  }
  const vocabularySize = await readVocabularySize(join(directory, manifest.text.tokenizer));
  return { directory, manifest, vocabularySize };
}

/** Reads `model.json` alone. Throws `AppError` with every problem found. */
export async function readManifest(directory: string): Promise<Manifest> {
  const path = join(directory, "model.json");
  const parsed = parseManifest(await readJson(path));
  if (!parsed.ok) throw new AppError(`${path} is not a manifest: ${parsed.error.problems.join("; ")}`);
  return parsed.value;
}

async function verifyFile(path: string, expected: Manifest["files"][string], buffer: Buffer): Promise<void> {
  const bytes = await stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
  if (bytes === undefined) throw new AppError(`${path} is missing, but the manifest lists it.`);
  if (bytes !== expected.bytes) {
    throw new AppError(`${path} has ${bytes} bytes, but the manifest says ${expected.bytes}.`);
  }
  const sha256 = await digestOf(path, buffer);
  if (sha256 !== expected.sha256) {
    throw new AppError(`${path} has SHA-256 ${sha256}, but the manifest says ${expected.sha256}.`);
  }
}

/** Few large reads into one buffer: a stream's small ones left 70 MB of garbage and took most of a start. */
const readBytes = 1024 * 1024;

async function digestOf(path: string, buffer: Buffer): Promise<string> {
  const hash = createHash("sha256");
  const file = await open(path);
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return hash.digest("hex");
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

/** Word → id, or a list of words. Not checked word by word: a schema would copy them all. */
const vocabularySchema = z.custom<object>((value) => typeof value === "object" && value !== null);

const tokenizerSchema = z.object({
  model: z.object({ vocab: vocabularySchema }),
  added_tokens: z.array(z.object({ id: z.int() })).default([]),
});

/** The largest id of the tokenizer's vocabulary, added tokens included, and one more. */
async function readVocabularySize(path: string): Promise<number> {
  const { data } = tokenizerSchema.safeParse(await readJson(path));
  if (data === undefined) throw new AppError(`${path} is not a tokenizer with a vocabulary.`);
  const { vocab } = data.model;
  const ids: unknown[] = Array.isArray(vocab) ? [vocab.length - 1] : Object.values(vocab);
  if (!ids.every(Number.isInteger)) throw new AppError(`${path} has a vocabulary whose ids are no whole numbers.`);
  const largest = [...ids, ...data.added_tokens.map(({ id }) => id)].reduce<number>(
    (a, b) => Math.max(a, Number(b)),
    -1,
  );
  return largest + 1;
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new AppError(`${path} cannot be read as JSON.`, { cause });
  }
}
