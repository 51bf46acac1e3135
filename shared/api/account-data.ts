import { z } from "zod";

const countSchema = z.int().min(0);

/** One movement of an account's credit. */
const receiptSchema = z
  .object({
    object: z.literal("receipt"),
    id: z.string().describe("Of the ledger's transaction."),
    kind: z.enum(["credit", "reversal"]).describe("reversal: credit whose payment was refunded or disputed."),
    reference: z.string().nullable().describe("What the payment or grant is called, such as Stripe's payment intent."),
    micro_usd: z.int().describe("Micro-USD: millionths of a dollar; negative where credit was taken back."),
    created: z.int().describe("Unix seconds."),
  })
  .readonly();

/** The body of `GET /v1/receipts`. */
export const receiptListSchema = z
  .object({
    object: z.literal("list"),
    data: z.array(receiptSchema).readonly(),
    has_more: z.boolean(),
    next_cursor: z.string().nullable(),
  })
  .readonly()
  .meta({ id: "ReceiptList" });

/** One page of an account's receipts, newest first. */
export type ReceiptList = z.infer<typeof receiptListSchema>;

/** The answer of `DELETE /v1/account/data`. */
export const erasureSchema = z
  .object({
    object: z.literal("erasure"),
    complete: z.boolean().describe("false: something is left, such as a job that is still stopping. Ask again."),
    latents: countSchema.describe("Latents that are deleted from the store within a minute."),
    jobs: countSchema.describe("Jobs that were deleted with their results."),
    charges: countSchema.describe("Charge lines that no longer say which latent and key they were for."),
  })
  .readonly()
  .meta({ id: "Erasure" });

/** What was erased. */
export type Erasure = z.infer<typeof erasureSchema>;
