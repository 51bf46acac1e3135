import { z } from "zod";
import { tierSchema } from "../../shared/api/images-response.ts";

const millisecondsSchema = z.number().min(0).optional();

const eventSchema = z.object({
  /** Tells it from a settlement in the same queue. */
  kind: z.literal("request"),
  /** Unique for ever. Whoever reads events counts each id once. */
  id: z.string().min(1),
  /** Unix milliseconds of its end. */
  atMs: z.int(),
  /** How long its client waited; absent where none did. */
  ms: z.number().min(0).optional(),
  /** The slowest tier of its pictures, or the code of its failure. */
  outcome: z.string().min(1).max(64),
  /** Of the model that it was planned for; absent where it was refused before. */
  revision: z.string().min(1).optional(),
  /** How many requests this one stands for. */
  weight: z.int().min(1),
  pictures: z.array(
    z.object({
      tier: tierSchema,
      /** Of Stage C, and of Stages B and A, where they ran for this very request. */
      stageCMs: millisecondsSchema,
      decodeMs: millisecondsSchema,
      microUsd: z.int().min(0),
    }),
  ),
});

/** One request for pictures, as operators count it: delivered at least once, in any order. It names no account. */
export type RequestEvent = z.infer<typeof eventSchema>;

/** Reads an event; undefined when it is not one. */
export function parseRequestEvent(json: unknown): RequestEvent | undefined {
  return eventSchema.safeParse(json).data;
}
