import { z } from "zod";
import { origins } from "../origin-mark.ts";

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
  })
  .readonly()
  .meta({ id: "Verification" });

/** What `POST /v1/verify` answers. */
export type Verification = z.infer<typeof verificationSchema>;
