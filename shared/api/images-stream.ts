import { z } from "zod";
import { outputFormatSchema } from "../output-format-schema.ts";
import {
  ageSchema,
  imagesUsageSchema,
  latentIdSchema,
  seedSchema,
  similarSchema,
  tierSchema,
} from "./images-response.ts";
import { shownBackgroundSchema } from "./output-file.ts";

// What `POST /v1/images/generations` with `stream: true` answers: OpenAI's events and fields, then what OpenAI does not
// tell. A picture has at most `partial_images` partial events (none if its latent existed) and one completed event.

const pictureFields = {
  b64_json: z.base64(),
  created_at: z.int().describe("Unix seconds."),
  size: z.string().describe("WIDTHxHEIGHT in pixels of the requested picture."),
  quality: z.literal("auto"),
  background: shownBackgroundSchema,
  output_format: outputFormatSchema,
  seed: seedSchema,
  latent_id: latentIdSchema,
};

/** Roughly what a picture will be. Never stored and never charged. */
const partialImageSchema = z
  .object({
    type: z.literal("image_generation.partial_image"),
    partial_image_index: z.int().min(0).describe("Counts from 0 for each picture."),
    ...pictureFields,
  })
  .meta({ id: "PartialImageEvent" });

/** A picture. Its usage is its share of the request's: those of all pictures add up. */
const completedImageSchema = z
  .object({
    type: z.literal("image_generation.completed"),
    ...pictureFields,
    tier: tierSchema,
    similar: similarSchema,
    age_seconds: ageSchema,
    usage: imagesUsageSchema,
    warnings: z.array(z.string()).readonly(),
  })
  .meta({ id: "CompletedImageEvent" });

/** One event of a stream of pictures. */
export const imageEventSchema = z
  .discriminatedUnion("type", [partialImageSchema, completedImageSchema])
  .meta({ id: "ImageEvent" });

/** One event of a stream of pictures. A failure is an `error` event with the usual envelope. */
export type ImageEvent = z.infer<typeof imageEventSchema>;
