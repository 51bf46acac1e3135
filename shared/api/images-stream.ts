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

// What generations, edits and variations answer with `stream: true`: OpenAI's events and fields, then what OpenAI does
// not tell. A picture has at most `partial_images` partial events (none if its latent existed) and one completed event.

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
const partialFields = {
  partial_image_index: z.int().min(0).describe("Counts from 0 for each picture."),
  ...pictureFields,
};

/** A picture. Its usage is its share of the request's: those of all pictures add up. */
const completedFields = {
  ...pictureFields,
  tier: tierSchema,
  similar: similarSchema,
  age_seconds: ageSchema,
  usage: imagesUsageSchema,
  warnings: z.array(z.string()).readonly(),
};

/** One event of a stream of pictures that a prompt alone made. */
export const imageEventSchema = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("image_generation.partial_image"), ...partialFields }).meta({ id: "PartialImageEvent" }),
    z.object({ type: z.literal("image_generation.completed"), ...completedFields }).meta({ id: "CompletedImageEvent" }),
  ])
  .meta({ id: "ImageEvent" });

/** One event of a stream of pictures that started from a picture or a latent. */
export const imageEditEventSchema = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("image_edit.partial_image"), ...partialFields }).meta({ id: "PartialImageEditEvent" }),
    z.object({ type: z.literal("image_edit.completed"), ...completedFields }).meta({ id: "CompletedImageEditEvent" }),
  ])
  .meta({ id: "ImageEditEvent" });

/** One event of a stream of pictures. A failure is an `error` event with the usual envelope. */
export type ImageEvent = z.infer<typeof imageEventSchema>;

/** As `ImageEvent`, of pictures that started from a picture or a latent. */
export type ImageEditEvent = z.infer<typeof imageEditEventSchema>;
