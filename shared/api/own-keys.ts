import { z } from "zod";
import { keyItemSchema } from "./admin-answers.ts";

const ownKeySchema = z
  .object({
    ...keyItemSchema.unwrap().shape,
    current: z.boolean().describe("Whether this request came with it."),
  })
  .readonly()
  .meta({ id: "OwnKey" });

/** The body of `GET /v1/keys`. */
export const ownKeyListSchema = z
  .object({ object: z.literal("list"), data: z.array(ownKeySchema).readonly(), has_more: z.literal(false) })
  .readonly()
  .meta({ id: "OwnKeyList" });

/** The keys of the caller's account. */
export type OwnKeyList = z.infer<typeof ownKeyListSchema>;

/** One of them. */
export type OwnKey = OwnKeyList["data"][number];
