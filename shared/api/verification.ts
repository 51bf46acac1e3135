import { z } from "zod";
import { origins } from "../origin-mark.ts";

const markReadingSchema = z
  .object({
    result: z
      .enum(["found", "absent", "unread"])
      .describe(
        "found: a model of this service made the picture. absent: none of its models that mark pictures did, or the mark " +
          "is lost. unread: nobody looked, since the file is ours by its metadata, no model marks pictures, the file " +
          "cannot be read, or no backend had time.",
      ),
    model: z.string().nullable().describe("The id of the model that made the picture; null unless found."),
    bits: z.int().describe("How many bits a mark has."),
    bits_matched: z.int().nullable().describe("How many agree with the nearest model's mark; half do by chance."),
    false_positive_probability: z
      .number()
      .nullable()
      .describe("How likely a picture without a mark agrees in so many bits, all models and readings counted."),
  })
  .readonly()
  .describe("The mark in the pixels, which may survive when a picture is saved anew.");

/** What `POST /v1/verify` answers. */
export const verificationSchema = z
  .object({
    object: z.literal("verification"),
    result: z
      .enum(origins)
      .describe(
        "altered: it bears a mark, which is not that of its bytes. unmarked: it bears none, which says nothing.",
      ),
    made_by_ai: z.literal(true).nullable().describe("null: unknown."),
    content_credentials: z
      .enum(["present", "absent"])
      .describe("Whether the file has a C2PA manifest. Its content is not checked here."),
    mark: markReadingSchema,
  })
  .readonly()
  .meta({ id: "Verification" });

/** What was found of a mark in a picture's pixels. */
export type MarkReading = z.infer<typeof markReadingSchema>;

/** What `POST /v1/verify` answers. */
export type Verification = z.infer<typeof verificationSchema>;
