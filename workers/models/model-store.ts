import { z } from "zod";
import { rollOutRuleSchema } from "../../shared/api/roll-out.ts";
import { AppError } from "../../shared/errors.ts";
import { toHex } from "../../shared/hex.ts";
import { sha256 } from "../../shared/hmac.ts";
import { modelReportSchema } from "../../shared/models/kpi.ts";

const rollOutStateSchema = z.object({
  /** Per cent. */
  share: z.number(),
  sinceMs: z.int(),
  rule: rollOutRuleSchema.nullable(),
  /** On the revision before, where the service has no report on it. */
  baseReport: modelReportSchema.optional(),
});

/** How a revision takes a share of its id's requests. */
export type RollOutState = z.infer<typeof rollOutStateSchema>;

/** A model that was added to the running service. Its files are named by their SHA-256, in hexadecimal. */
const entrySchema = z.object({
  id: z.string(),
  revision: z.string(),
  manifest: z.string(),
  tokenizer: z.string(),
  addedMs: z.int(),
  /** Of its runs; see the price book. */
  priceFactor: z.number(),
  /** False: requests cannot name it any more; its stored latents are still decoded. */
  isOffered: z.boolean(),
  /** Absent: it came without one. */
  report: modelReportSchema.optional(),
  /** Whether it was offered although its report misses a threshold. */
  isForced: z.boolean().default(false),
  /** While it takes a share; the id alone means another revision. */
  rollOut: rollOutStateSchema.optional(),
});

const indexSchema = z.object({ models: z.array(entrySchema) });

/** See `entrySchema`. */
export type StoredModel = z.infer<typeof entrySchema>;

/** The models that were added to the running service: the two files of each that the edge needs, and their list. */
export interface ModelStore {
  /** Oldest first. */
  list(): Promise<readonly StoredModel[]>;
  /** A file by its digest, as text. Throws `AppError` when it is not there, or not what it was. */
  read(digest: string): Promise<string>;
  /** Stores a file under its digest, which it gives. */
  write(text: string): Promise<string>;
  /** Changes the list; `change` is called again when somebody else changed it meanwhile. */
  change(change: (models: readonly StoredModel[]) => readonly StoredModel[]): Promise<void>;
}

/** Beside the latents of the same bucket. */
const keyPrefix = "model/v1/";
const indexKey = `${keyPrefix}index`;

/** Operators who change the list at once are few. */
const attemptsMax = 5;

/** Models in the bucket of the latents. */
export function createModelStore(bucket: Pick<R2Bucket, "get" | "put">): ModelStore {
  const fileKey = (digest: string) => `${keyPrefix}${digest}.json`;

  async function readIndex(): Promise<{ readonly models: readonly StoredModel[]; readonly etag: string | undefined }> {
    const object = await bucket.get(indexKey);
    if (object === null) return { models: [], etag: undefined };
    return { models: indexSchema.parse(await object.json()).models, etag: object.etag };
  }

  return {
    list: async () => (await readIndex()).models,
    async read(digest) {
      const object = await bucket.get(fileKey(digest));
      const text = await object?.text();
      if (text === undefined || (await digestOf(text)) !== digest) {
        throw new AppError(`The file ${fileKey(digest)} of a model is missing or damaged. Add the model again.`);
      }
      return text;
    },
    async write(text) {
      const digest = await digestOf(text);
      await bucket.put(fileKey(digest), text, { httpMetadata: { contentType: "application/json" } });
      return digest;
    },
    async change(change) {
      for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
        const { models, etag } = await readIndex();
        const onlyIf = etag === undefined ? { etagDoesNotMatch: "*" } : { etagMatches: etag };
        const text = JSON.stringify({ models: change(models) });
        if ((await bucket.put(indexKey, text, { onlyIf })) !== null) return;
      }
      throw new AppError("The list of models is being changed by others. Try again.");
    },
  };
}

/** SHA-256 of a text's UTF-8, in hexadecimal. */
export async function digestOf(text: string): Promise<string> {
  return toHex(await sha256(new TextEncoder().encode(text)));
}
