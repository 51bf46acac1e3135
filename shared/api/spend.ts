import { z } from "zod";

const countSchema = z.int().min(0);

const sums = {
  requests: countSchema.describe("Requests that were charged."),
  micro_usd: countSchema.describe("Charged, in micro-USD."),
  saved_micro_usd: countSchema.describe("What hits cost less than making their latents had."),
  gpu_ms: countSchema.describe("Milliseconds that graphs ran for them, where they were measured."),
};

/** The body of `GET /v1/admin/spend`. */
export const spendSchema = z
  .object({
    object: z.literal("spend"),
    from: z.iso.date().describe("The first UTC day."),
    total_micro_usd: countSchema.describe("What all accounts were charged."),
    accounts: z
      .array(z.object({ account: z.string(), ...sums }).readonly())
      .readonly()
      .describe("The accounts that were charged most, the highest first."),
    keys: z
      .array(z.object({ account: z.string(), key: z.string().describe("The key's id."), ...sums }).readonly())
      .readonly()
      .describe("The keys that were charged most. Charges without a known key are left out."),
  })
  .readonly()
  .meta({ id: "Spend" });

/** Who was charged most in some days. */
export type SpendAnswer = z.infer<typeof spendSchema>;
