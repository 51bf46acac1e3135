import { z } from "zod";
import { seedMax } from "../limits.ts";
import { outputFormatSchema } from "../output-format-schema.ts";
import { shownBackgroundSchema } from "./output-file.ts";

// The answer to a finished request: OpenAI's fields first, then our own.

/** What answered for one picture. */
export const tierSchema = z
  .enum(["image", "latent", "generated"])
  .describe("The finished image from the edge, a stored latent that was decoded, or a full generation.")
  .meta({ id: "Tier" });

/** A picture's seed. */
export const seedSchema = z
  .int()
  .min(0)
  .max(seedMax)
  .describe("The same request with this seed returns this picture, unless it is `similar`.");

/** A latent's id. */
export const latentIdSchema = z.string().regex(/^[0-9a-f]{64}$/u);

const microUsdSchema = z.int().min(0).describe("Micro-USD: millionths of a dollar.");

/** How old a picture's latent is. */
export const ageSchema = z.int().min(0).describe("Seconds since its latent was made; 0 if this request made it.");

/** Whether a picture shows another prompt than the request's. */
export const similarSchema = z
  .literal(true)
  .optional()
  .describe("The picture of a near prompt of this account; only with `reuse: similar`.");

const madeFields = {
  seed: seedSchema,
  latent_id: latentIdSchema,
  tier: tierSchema,
  similar: similarSchema,
  age_seconds: ageSchema,
};

/** One picture of an answer. */
export const imageItemSchema = z
  .union([
    z
      .object({ b64_json: z.base64(), url: z.url(), ...madeFields })
      .readonly()
      .meta({ id: "EmbeddedAndLinkedImage" }),
    z
      .object({ b64_json: z.base64(), ...madeFields })
      .readonly()
      .meta({ id: "EmbeddedImage" }),
    z
      .object({ url: z.url(), ...madeFields })
      .readonly()
      .meta({ id: "LinkedImage" }),
  ])
  .describe("b64_json or url, as response_format says; both if it is left out.")
  .meta({ id: "Image" });

const pictureUsageSchema = z
  .object({
    ...madeFields,
    micro_usd: microUsdSchema,
    milliseconds: z.record(z.string(), z.number().min(0)).readonly().describe("Part → milliseconds; those that ran."),
  })
  .readonly()
  .meta({ id: "PictureUsage" });

/** What some pictures used and were charged. */
export const imagesUsageSchema = z
  .object({
    input_tokens: z.int().min(0).describe("Of prompt and negative prompt, special tokens included."),
    output_tokens: z.int().describe("Always 0: pictures are not counted in tokens here."),
    total_tokens: z.int().min(0),
    input_tokens_details: z.object({ text_tokens: z.int().min(0), image_tokens: z.int().min(0) }).readonly(),
    cost: z
      .object({ currency: z.literal("usd"), micro_usd: microUsdSchema, price_book: z.int().min(1) })
      .readonly()
      .describe("The request's charge, and the version of its prices."),
    pictures: z.array(pictureUsageSchema).readonly(),
  })
  .readonly()
  .meta({ id: "Usage" });

/** The body of a successful `POST /v1/images/generations`. */
export const imagesResponseSchema = z
  .object({
    created: z.int().describe("Unix seconds."),
    data: z.array(imageItemSchema).readonly(),
    output_format: outputFormatSchema,
    background: shownBackgroundSchema,
    size: z.string().describe("WIDTHxHEIGHT in pixels."),
    start_latent_id: latentIdSchema
      .optional()
      .describe("The latent that the pictures started from, stored for its owner."),
    usage: imagesUsageSchema,
    warnings: z.array(z.string()).readonly(),
  })
  .readonly()
  .meta({ id: "ImagesResponse" });

/** What answered for one picture: the finished image, a stored latent that was decoded, or a full generation. */
export type Tier = z.infer<typeof tierSchema>;

/** One picture of the answer: `b64_json` or `url`, as the request chose, or both. */
export type ImageItem = z.infer<typeof imageItemSchema>;

/** What a request used, and what each of its pictures did. */
export type ImagesUsage = z.infer<typeof imagesUsageSchema>;

/**
 * The body of a successful `POST /v1/images/generations`. Use the field descriptions in the source as its reference.
 */
export type ImagesResponse = z.infer<typeof imagesResponseSchema>;
