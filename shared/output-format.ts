import { z } from "zod";

/** The picture formats, under the names that OpenAI's API gives them. */
export const outputFormatSchema = z.enum(["png", "jpeg", "webp"]);

/** One of "png", "jpeg", "webp". */
export type OutputFormat = z.infer<typeof outputFormatSchema>;

/** The content type of a picture file. */
export function imageContentType(format: OutputFormat): `image/${OutputFormat}` {
  return `image/${format}`;
}
