import { z } from "zod";

/** The body of `GET /v1/webhooks/secret`. */
export const webhookSecretResponseSchema = z
  .object({
    object: z.literal("webhook_secret"),
    secret: z.string().describe("Verifies webhooks by the Standard Webhooks scheme: whsec_ and base64."),
    created: z.int().describe("Unix seconds."),
    previous_expires: z
      .int()
      .nullable()
      .describe("The time until which the previous secret also signs, in Unix seconds."),
  })
  .readonly()
  .meta({ id: "WebhookSecret" });

/** What an account's webhooks are signed with. */
export type WebhookSecretResponse = z.infer<typeof webhookSecretResponseSchema>;
