import { z } from "zod";
import type { Failure } from "../errors.ts";
import { requestFault } from "../request-fault.ts";
import { err, ok, type Result } from "../result.ts";

/** Below a dollar a card payment costs more than it brings. US cents. */
export const topupCentsMin = 100;

/** Ten thousand dollars: a larger amount is a mistaken unit, or one to agree on with the operator. US cents. */
export const topupCentsMax = 1_000_000;

/** The body of `POST /v1/topups`. */
export const topupBodySchema = z
  .strictObject({ usd_cents: z.int().min(topupCentsMin).max(topupCentsMax) })
  .meta({ id: "TopupRequest" });

/** The answer: where to pay. */
export const topupSchema = z
  .object({
    object: z.literal("topup"),
    url: z.url().describe("Stripe Checkout's page for this payment. It expires after a day."),
    usd_cents: z.int().min(topupCentsMin).max(topupCentsMax),
  })
  .readonly()
  .meta({ id: "Topup" });

/** Where to pay. */
export type Topup = z.infer<typeof topupSchema>;

/** Reads the body of `POST /v1/topups`: US cents. Fails with `invalid_request` naming the field. */
export function parseTopup(json: unknown): Result<number, Failure> {
  const parsed = topupBodySchema.safeParse(json);
  return parsed.success ? ok(parsed.data.usd_cents) : err(requestFault(parsed.error, json));
}
