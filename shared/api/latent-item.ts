import { z } from "zod";

const latentIdSchema = z.string().regex(/^[0-9a-f]{64}$/u);

/** The body of a successful `PUT /v1/latents`. */
export const latentItemSchema = z
  .object({
    id: latentIdSchema,
    object: z.literal("latent"),
    model: z.string(),
    revision: z.string(),
    size: z.string().describe("WIDTHxHEIGHT in pixels of its picture."),
    cost: z.object({ currency: z.literal("usd"), micro_usd: z.int().min(0), price_book: z.int().min(1) }).readonly(),
  })
  .readonly()
  .meta({ id: "Latent" });

/** The body of a successful `DELETE /v1/latents/{id}`. */
export const deletedLatentSchema = z
  .object({ id: latentIdSchema, object: z.literal("latent"), deleted: z.literal(true) })
  .readonly()
  .meta({ id: "DeletedLatent" });

/** A latent that is kept for its owner. */
export type LatentItem = z.infer<typeof latentItemSchema>;

/** A latent that is kept no more. */
export type DeletedLatent = z.infer<typeof deletedLatentSchema>;
