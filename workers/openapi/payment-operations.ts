import { jsonBody, named, type Operations } from "./operation.ts";

/** Operations of payments. */
export const paymentOperations = {
  stripeWebhook: {
    tag: "Money",
    summary: "Receive Stripe's events of payments, refunds and disputes",
    description: "Signed by Stripe; only Stripe calls it. 404 if payments by Stripe are not set up.",
    parameters: [
      {
        in: "header",
        name: "Stripe-Signature",
        description: "Stripe's signature of the body.",
        required: true,
        schema: { json: { type: "string", pattern: "^[\\x21-\\x7e]+$" } },
      },
    ],
    body: jsonBody(
      named("StripeEvent", { json: { type: "object", description: "An event, as Stripe documents it." } }),
    ),
    answers: {
      200: {
        description: "Received; Stripe need not send it again.",
        content: jsonBody(
          named("StripeReceipt", {
            json: { type: "object", properties: { received: { type: "boolean", enum: [true] } } },
          }),
        ),
      },
    },
    failures: ["invalid_signature", "not_found", "unsupported_media_type", "payload_too_large"],
  },
} satisfies Operations;
