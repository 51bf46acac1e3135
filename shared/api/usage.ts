import { z } from "zod";

const countSchema = z.int().min(1);
const microUsdSchema = z.int().min(0).describe("Micro-USD: millionths of a dollar.");

/** One UTC day of an account. */
const usageDaySchema = z
  .object({
    object: z.literal("usage.day"),
    day: z.iso.date().describe("The day in UTC, YYYY-MM-DD."),
    requests: countSchema.describe("Requests that were charged."),
    micro_usd: microUsdSchema,
    kinds: z
      .array(
        z
          .object({
            kind: z.string().describe("The kind of work: generation, storage, hit, decode, encode, and so on."),
            lines: countSchema.describe("Charge lines: one per picture and kind of work."),
            micro_usd: microUsdSchema,
          })
          .readonly(),
      )
      .readonly()
      .describe("The parts of the day, by kind; they add up to the day."),
  })
  .readonly()
  .meta({ id: "UsageDay" });

/** The body of `GET /v1/usage`. */
export const usageListSchema = z
  .object({
    object: z.literal("list"),
    data: z.array(usageDaySchema).readonly(),
    has_more: z.boolean(),
    next_cursor: z.string().nullable(),
  })
  .readonly()
  .meta({ id: "UsageList" });

/** What an account was charged, day by day, newest first. */
export type UsageList = z.infer<typeof usageListSchema>;

/** One UTC day of an account. */
export type UsageDay = z.infer<typeof usageDaySchema>;
