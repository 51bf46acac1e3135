import { z } from "zod";

const countSchema = z.int().min(0);

/** One latent of an account. Null is what the service does not know of it. */
const listedLatentSchema = z
  .object({
    id: z.string().regex(/^[0-9a-f]{64}$/u),
    object: z.literal("latent"),
    source: z
      .enum(["generation", "picture", "interpolation", "upload"])
      .nullable()
      .describe("What made it: a prompt (generation), an uploaded picture, a mix of two latents, an uploaded file."),
    model: z.string().nullable(),
    revision: z.string().nullable(),
    size: z.string().nullable().describe("WIDTHxHEIGHT in pixels of its picture."),
    seed: countSchema.nullable(),
    created: z.int().describe("Unix seconds."),
    age_seconds: countSchema,
    hits: countSchema.describe("How often it was charged as a hit."),
    price: z
      .object({ currency: z.literal("usd"), micro_usd: countSchema, price_book: z.int().min(1) })
      .readonly()
      .nullable()
      .describe("The most that a picture of it costs now. Null for one of another revision of the model."),
  })
  .readonly();

/** The body of `GET /v1/latents`. */
export const latentListSchema = z
  .object({
    object: z.literal("list"),
    data: z.array(listedLatentSchema).readonly(),
    has_more: z.boolean(),
    next_cursor: z.string().nullable(),
  })
  .readonly()
  .meta({ id: "LatentList" });

/** One page of an account's latents, newest first. */
export type LatentList = z.infer<typeof latentListSchema>;

/** One latent of an account. */
export type ListedLatent = z.infer<typeof listedLatentSchema>;
