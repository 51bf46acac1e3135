import { erasureSchema, receiptListSchema } from "../../shared/api/account-data.ts";
import { type BodySchema, jsonBody, type Operations } from "./operation.ts";
import { csvBody, formatParameter, pageParameters } from "./page-parameters.ts";

const ndjson: BodySchema = {
  json: {
    type: "string",
    contentMediaType: "application/x-ndjson",
    description:
      "One JSON object a line, told apart by `object`: `export`, `account`, `balance`, `key`, `entry` of the ledger, `latent`, " +
      "`job`, `charge`, and last `export.end` with the number of `lines` before it.",
  },
};

/** What an account may take with it, and what it may have erased. */
export const accountOperations = {
  listReceipts: {
    tag: "Account",
    summary: "List every credit of the account, and what was taken back, newest first",
    parameters: [formatParameter, ...pageParameters],
    answers: {
      200: { description: "The receipts.", content: { ...jsonBody(receiptListSchema), "text/csv": csvBody } },
    },
    failures: ["invalid_request"],
  },
  exportAccount: {
    tag: "Account",
    summary: "Get all that the service stores of the account, as a stream of lines",
    description:
      "The key needs the scopes `read`, `latents` and `jobs`. No prompt, key or secret is part of it: none is stored. " +
      "A stream without `export.end` was cut.",
    answers: { 200: { description: "The lines.", content: { "application/x-ndjson": ndjson } } },
    failures: [],
  },
  eraseAccount: {
    tag: "Account",
    summary: "Erase latents and jobs of the account, and what its charges were for",
    description:
      "The key needs the scopes `read`, `latents` and `jobs`. Unfinished jobs are stopped. Amounts stay, since books " +
      "must show them. What is on its way to the usage table meanwhile is erased by the next call.",
    answers: { 200: { description: "What was erased.", content: jsonBody(erasureSchema) } },
    failures: [],
  },
} satisfies Operations;
