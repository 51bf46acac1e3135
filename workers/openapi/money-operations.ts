import { balanceResponseSchema, quoteResponseSchema } from "../../shared/api/money.ts";
import { ownKeyListSchema } from "../../shared/api/own-keys.ts";
import { topupBodySchema, topupSchema } from "../../shared/api/topup.ts";
import { usageListSchema } from "../../shared/api/usage.ts";
import type { ServedModels } from "../models/model.ts";
import type { Operations, Parameter } from "./operation.ts";
import { csvBody, formatParameter, pageParameters } from "./page-parameters.ts";
import { generationExample, quoteBody } from "./served-body.ts";

const groupByParameter: Parameter = {
  in: "query",
  name: "group_by",
  description: "What the charges of each day are told apart by.",
  required: false,
  schema: {
    json: {
      type: "string",
      enum: ["kind", "key", "tier", "key,kind", "key,tier", "kind,tier", "key,kind,tier"],
      default: "kind",
    },
  },
};

/** Prices, credit. */
export function moneyOperations(models: ServedModels) {
  return {
    createQuote: {
      tag: "Money",
      summary: "Get the most that a request can cost, without running it",
      description:
        "The body is a generation's, or, with `endpoint`, that of an edit or a variation without its files. An edit's " +
        "`strength` decides how many steps run.",
      body: { "application/json": quoteBody(models) },
      example: generationExample(models),
      answers: { 200: { description: "The quote.", content: { "application/json": quoteResponseSchema } } },
      failures: [
        "invalid_request",
        "model_not_found",
        "model_not_allowed",
        "unsupported_media_type",
        "payload_too_large",
      ],
    },
    getBalance: {
      tag: "Money",
      summary: "Get the account's credit",
      answers: { 200: { description: "The balance.", content: { "application/json": balanceResponseSchema } } },
      failures: [],
    },
    getUsage: {
      tag: "Money",
      summary: "Get the charges of the account by UTC day, key, kind of work and tier, newest first",
      description: "A page has days. Grouped by key, it has 100 days at most.",
      parameters: [groupByParameter, formatParameter, ...pageParameters],
      answers: {
        200: { description: "The days.", content: { "application/json": usageListSchema, "text/csv": csvBody } },
      },
      failures: ["invalid_request"],
    },
    createTopup: {
      tag: "Money",
      summary: "Open a payment for credit at Stripe Checkout",
      description:
        "The credit is the key's account's, and comes with Stripe's event. 404 where the service takes no payments by " +
        "Stripe.",
      body: { "application/json": topupBodySchema },
      example: { usd_cents: 2_500 },
      answers: { 201: { description: "Where to pay.", content: { "application/json": topupSchema } } },
      failures: ["invalid_request", "not_found", "unsupported_media_type", "payload_too_large", "checkout_unavailable"],
    },
    listOwnKeys: {
      tag: "Money",
      summary: "List the keys of the account, with what each may do",
      answers: { 200: { description: "The keys.", content: { "application/json": ownKeyListSchema } } },
      failures: [],
    },
  } satisfies Operations;
}
