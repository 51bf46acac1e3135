import { z } from "zod";
import { tierSchema } from "../../shared/api/images-response.ts";
import { workKinds } from "../prices/price-book.ts";

const eventSchema = z.object({
  /** Unique for ever: the settled reservation's id. Whoever reads events counts each id once. */
  id: z.string().min(1),
  account: z.string().min(1),
  /** The key that the request came with; absent for none, and in earlier events. */
  keyId: z.string().min(1).optional(),
  /** Unix milliseconds. */
  atMs: z.int(),
  /** The version of the prices. */
  priceBook: z.int(),
  /** The customer at Stripe for whom it is reported, if any. */
  stripeCustomer: z.string().optional(),
  lines: z.array(
    z.object({
      kind: z.enum(workKinds),
      latentId: z.string(),
      microUsd: z.int().min(0),
      gpuMs: z.int().min(0).optional(),
      savedMicroUsd: z.int().min(0).optional(),
      savedGpuMs: z.int().min(0).optional(),
      tier: tierSchema.optional(),
    }),
  ),
});

/** One settlement, as it leaves the ledger: delivered at least once, in any order. */
export type UsageEvent = z.infer<typeof eventSchema>;

/** Reads an event; undefined when it is not one. */
export function parseUsageEvent(json: unknown): UsageEvent | undefined {
  return eventSchema.safeParse(json).data;
}
