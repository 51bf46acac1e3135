import { z } from "zod";
import { metadataKeyCharactersMax, metadataPairsMax, metadataValueCharactersMax } from "../limits.ts";

// What a client writes beside its job and gets back unchanged.

/** Names and values, in the order in which they were sent. An error names the pair that is too long. */
export const jobMetadataSchema = z
  .record(z.string(), z.string().max(metadataValueCharactersMax))
  .superRefine((pairs, context) => {
    const keys = Object.keys(pairs);
    if (keys.length > metadataPairsMax) {
      context.addIssue({ code: "custom", message: `must hold at most ${metadataPairsMax} pairs. Leave some out` });
    }
    if (keys.some((key) => key === "" || key.length > metadataKeyCharactersMax)) {
      const message = `must have keys of 1 to ${metadataKeyCharactersMax} characters. Shorten them`;
      context.addIssue({ code: "custom", message });
    }
  })
  .meta({ maxProperties: metadataPairsMax });

/** See `jobMetadataSchema`. */
export type JobMetadata = z.infer<typeof jobMetadataSchema>;
