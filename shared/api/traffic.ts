import { z } from "zod";
import { tierSchema } from "./images-response.ts";

const countSchema = z.int().min(0);
const millisecondsSchema = z.number().min(0);
const percentileSchema = millisecondsSchema.nullable();

const trafficTierSchema = z
  .object({
    tier: tierSchema,
    requests: countSchema.describe("Requests whose slowest picture had this tier."),
    pictures: countSchema,
    micro_usd: countSchema.describe("Charged for these pictures, in micro-USD."),
    stage_c_ms: millisecondsSchema.describe("Of text encoder and Stage C, where they ran for these pictures."),
    decode_ms: millisecondsSchema.describe("Of Stages B and A, where they ran for these pictures."),
    p50_ms: percentileSchema.describe("Half of the requests took no longer; null without a measured request."),
    p95_ms: percentileSchema,
    p99_ms: percentileSchema,
  })
  .readonly()
  .meta({ id: "TrafficTier" });

const trafficSlotSchema = z
  .object({
    at: z.iso.datetime().describe("Its beginning in UTC."),
    requests: countSchema.describe("Requests for pictures that showed a valid key, failed ones included."),
    failed_requests: countSchema,
    pictures: countSchema,
    hit_rate: z.number().min(0).max(1).nullable().describe("Share of the pictures for which Stage C did not run."),
    micro_usd: countSchema,
    gpu_ms_spent: millisecondsSchema.describe("Milliseconds in which a stage ran, for delivered pictures."),
    gpu_ms_saved: millisecondsSchema
      .nullable()
      .describe("Runs that pictures did without, each at the range's mean; null if the range has no such run."),
    tiers: z.array(trafficTierSchema).readonly(),
    failures: z
      .array(z.object({ code: z.string(), requests: countSchema }).readonly())
      .readonly()
      .describe("By error code, the most frequent first."),
  })
  .readonly()
  .meta({ id: "TrafficSlot" });

/** The body of `GET /v1/admin/traffic`. */
export const trafficSchema = z
  .object({
    object: z.literal("traffic"),
    from: z.iso.datetime(),
    until: z.iso.datetime(),
    slot_seconds: countSchema.describe("An hour for up to two days, else a UTC day."),
    percentile_error: z.number().describe("Percentiles come from a histogram; their relative error is at most this."),
    total: trafficSlotSchema.describe("The whole range."),
    slots: z.array(trafficSlotSchema).readonly().describe("Slots in which something was counted, oldest first."),
  })
  .readonly()
  .meta({ id: "Traffic" });

/** What the service did in some days, counted by hour or day. */
export type Traffic = z.infer<typeof trafficSchema>;

/** One hour, day or range. */
export type TrafficSlot = z.infer<typeof trafficSlotSchema>;

/** Its pictures of one tier. */
export type TrafficTier = z.infer<typeof trafficTierSchema>;
