import { grantBodySchema } from "../../shared/api/grant-request.ts";
import { balanceResponseSchema, quoteResponseSchema } from "../../shared/api/money.ts";
import type { ModelRegistry } from "../models/registry.ts";
import type { Operation, Parameter } from "./operation.ts";
import { generationBody } from "./served-body.ts";

/** Prices, credit, and what the operator does with them. */
export function moneyOperations(models: ModelRegistry): readonly Operation[] {
  return [
    {
      ...{ method: "post", path: "/v1/quotes", id: "createQuote", tag: "Money", credential: "api-key" },
      summary: "The most that a generation can cost, without running it",
      body: { "application/json": generationBody(models) },
      answers: { 200: { description: "The quote.", content: { "application/json": quoteResponseSchema } } },
      failures: ["invalid_request", "model_not_found", "unsupported_media_type", "payload_too_large"],
    },
    {
      ...{ method: "get", path: "/v1/balance", id: "getBalance", tag: "Money", credential: "api-key" },
      summary: "The account's credit",
      answers: { 200: { description: "The balance.", content: { "application/json": balanceResponseSchema } } },
      failures: [],
    },
    {
      ...{ method: "post", path: "/v1/admin/accounts/{account}/grants", id: "grantCredit", tag: "Administration" },
      credential: "admin",
      summary: "Add credit, once for each grant id",
      parameters: [accountParameter],
      body: { "application/json": grantBodySchema },
      answers: { 200: { description: "The new balance.", content: { "application/json": balanceResponseSchema } } },
      failures: ["invalid_request", "not_found", "unsupported_media_type", "payload_too_large"],
    },
  ];
}

const accountParameter: Parameter = {
  ...{ in: "path", name: "account", description: "An account's id.", required: true },
  schema: { json: { type: "string", pattern: "^[a-z0-9][a-z0-9._-]{0,63}$" } },
};
