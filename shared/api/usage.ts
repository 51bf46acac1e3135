import { z } from "zod";
import { tierSchema } from "./images-response.ts";

const countSchema = z.int().min(1);
const microUsdSchema = z.int().min(0).describe("Micro-USD: millionths of a dollar.");
const gpuMsSchema = z.int().min(0).describe("Milliseconds that graphs ran at a backend, where they were measured.");

const sums = {
  requests: countSchema.describe("Requests that were charged."),
  lines: countSchema.describe("Charge lines: one per picture and kind of work."),
  micro_usd: microUsdSchema,
  gpu_ms: gpuMsSchema,
  saved: z
    .object({ micro_usd: microUsdSchema, gpu_ms: gpuMsSchema })
    .readonly()
    .describe(
      "What hits cost less than making their latents had cost this account. Latents of other accounts, and those from " +
        "before version 0.2, count as nothing.",
    ),
};

/** A part of a day's charges. */
const usageGroupSchema = z
  .object({
    key: z
      .string()
      .nullable()
      .optional()
      .describe("The key's id; null for none, and before keys were recorded. Grouped by key only."),
    kind: z
      .string()
      .optional()
      .describe("The kind of work: generation, storage, hit, decode, encode, and so on. Grouped by kind only."),
    tier: tierSchema
      .nullable()
      .optional()
      .describe(
        "How the pictures were served; null for work without one, and before tiers were recorded. Grouped by tier only.",
      ),
    ...sums,
  })
  .readonly()
  .meta({ id: "UsageGroup" });

/** One UTC day of an account. */
const usageDaySchema = z
  .object({
    object: z.literal("usage.day"),
    day: z.iso.date().describe("The day in UTC, YYYY-MM-DD."),
    ...sums,
    groups: z
      .array(usageGroupSchema)
      .readonly()
      .describe("The parts of the day. They add up to the day, but for requests with lines in several parts."),
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

/** A part of a day's charges. */
export type UsageGroup = z.infer<typeof usageGroupSchema>;
