import { z } from "zod";

const microUsdSchema = z.int().describe("Micro-USD: millionths of a dollar.");

/** The body of `GET /v1/balance`. */
export const balanceResponseSchema = z
  .object({
    object: z.literal("balance"),
    currency: z.literal("usd"),
    available_micro_usd: microUsdSchema.describe("Credit for new requests, in micro-USD."),
    held_micro_usd: microUsdSchema.min(0).describe("Held for requests in flight, in micro-USD."),
    spent_micro_usd: microUsdSchema.describe("Charged so far, in micro-USD."),
    topup_usd_cents: z
      .object({ min: z.int().min(1), max: z.int().min(1) })
      .readonly()
      .nullable()
      .describe("What `POST /v1/topups` accepts, in US cents; null: this service takes no payments by Stripe."),
  })
  .readonly()
  .meta({ id: "Balance" });

/** The body of `POST /v1/quotes`. */
export const quoteResponseSchema = z
  .object({
    object: z.literal("quote"),
    currency: z.literal("usd"),
    price_book: z.int().min(1).describe("The version of the prices."),
    pictures: z.int().min(1),
    ceiling_micro_usd: microUsdSchema.describe("The most that the request can cost; this much is held while it runs."),
    start_micro_usd: microUsdSchema
      .optional()
      .describe("Of an edit or a variation: the price of reading the picture, once, if its latent is not stored."),
    picture_micro_usd: z
      .object({ generated: microUsdSchema, latent: microUsdSchema, image: microUsdSchema })
      .readonly()
      .describe("The price of one picture by the tier that serves it, in micro-USD."),
  })
  .readonly()
  .meta({ id: "Quote" });

/** What an account has. */
export type BalanceResponse = z.infer<typeof balanceResponseSchema>;

/** What a request can cost. */
export type QuoteResponse = z.infer<typeof quoteResponseSchema>;
