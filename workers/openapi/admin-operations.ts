import { accountBodySchema } from "../../shared/api/account-request.ts";
import { addModelBodySchema, offeredModelSchema } from "../../shared/api/added-model.ts";
import {
  accountAuditListSchema,
  accountItemSchema,
  auditEntrySchema,
  createdKeySchema,
  keyItemSchema,
  listedAccountSchema,
  listSchema,
  reconciliationSchema,
} from "../../shared/api/admin-answers.ts";
import { grantBodySchema } from "../../shared/api/grant-request.ts";
import { keyBodySchema, rotationBodySchema } from "../../shared/api/key-request.ts";
import { balanceResponseSchema } from "../../shared/api/money.ts";
import { backendItemSchema, ledgerItemSchema } from "../../shared/api/operator-answers.ts";
import { rollOutBodySchema } from "../../shared/api/roll-out.ts";
import { spendSchema } from "../../shared/api/spend.ts";
import { trafficSchema } from "../../shared/api/traffic.ts";
import { trafficDaysMax } from "../../shared/limits.ts";
import { type BodySchema, jsonBody, type Operations, type Parameter } from "./operation.ts";

const accountParameter: Parameter = {
  in: "path",
  name: "account",
  description: "An account's id.",
  required: true,
  schema: { json: { type: "string", pattern: "^[a-z0-9][a-z0-9._-]{0,63}$" } },
};

const keyParameter: Parameter = {
  in: "path",
  name: "key",
  description: "A key's id.",
  required: true,
  schema: { json: { type: "string", minLength: 1, maxLength: 64 } },
};

const limitParameter: Parameter = {
  in: "query",
  name: "limit",
  description: "The most entries of a page.",
  required: false,
  schema: { json: { type: "integer", minimum: 1, maximum: 100 } },
};

function afterParameter(schema: object): Parameter {
  const description = "The last id of the part before.";
  return { in: "query", name: "after", description, required: false, schema: { json: schema } };
}

const cursorParameter: Parameter = {
  in: "query",
  name: "cursor",
  description: "The `next_cursor` of the page before.",
  required: false,
  schema: { json: { type: "string", pattern: "^\\d{1,15}:\\d{1,15}:[a-z0-9._-]{1,64}$" } },
};

const daysParameter: Parameter = {
  in: "query",
  name: "days",
  description: "How many days back, today included.",
  required: false,
  schema: { json: { type: "integer", minimum: 1, maximum: trafficDaysMax, default: 7 } },
};

function nameParameter(description: string): Parameter {
  const json = { type: "string", minLength: 1, maxLength: 256 };
  return { in: "path", name: "name", description, required: true, schema: { json } };
}

const admin = { tag: "Administration" };

function answered(schema: BodySchema, status = 200, description = "Done.") {
  return { [status]: { description, content: jsonBody(schema) } };
}

const bodyFailures = ["invalid_request", "not_found", "unsupported_media_type", "payload_too_large"] as const;

/** What the operator does with accounts, keys and credit. */
export const adminOperations = {
  listAccounts: {
    ...admin,
    summary: "List accounts by id",
    parameters: [limitParameter, afterParameter({ type: "string", maxLength: 64 })],
    answers: answered(listSchema("AccountList", listedAccountSchema), 200, "The accounts."),
    failures: ["invalid_request"],
  },
  getAccount: {
    ...admin,
    summary: "Get an account",
    parameters: [accountParameter],
    answers: answered(accountItemSchema, 200, "The account."),
    failures: ["not_found"],
  },
  putAccount: {
    ...admin,
    summary: "Open an account, or change its settings",
    parameters: [accountParameter],
    body: jsonBody(accountBodySchema.meta({ id: "AccountRequest" })),
    answers: answered(accountItemSchema, 200, "The account."),
    failures: bodyFailures,
  },
  grantCredit: {
    ...admin,
    summary: "Add credit, once for each grant id",
    parameters: [accountParameter],
    body: jsonBody(grantBodySchema.meta({ id: "GrantRequest" })),
    answers: answered(balanceResponseSchema, 200, "The new balance."),
    failures: bodyFailures,
  },
  getAudit: {
    ...admin,
    summary: "List the changes and who made them, oldest first",
    parameters: [accountParameter, limitParameter, afterParameter({ type: "integer", minimum: 0, maximum: 1e15 - 1 })],
    answers: answered(listSchema("AuditEntryList", auditEntrySchema), 200, "The entries."),
    failures: ["invalid_request", "not_found"],
  },
  listAudit: {
    ...admin,
    summary: "List the changes of all accounts and who made them, newest first",
    description: "A change appears some seconds after it was made.",
    parameters: [limitParameter, cursorParameter],
    answers: answered(accountAuditListSchema, 200, "The entries."),
    failures: ["invalid_request"],
  },
  getTraffic: {
    ...admin,
    summary: "Get requests, tiers, durations and failures of the last days",
    description:
      "Counted from reports that leave with each answer: a report may be lost, and is never counted twice. " +
      "Percentiles leave out the requests of jobs, for which no client waits.",
    parameters: [daysParameter],
    answers: answered(trafficSchema, 200, "The counts."),
    failures: ["invalid_request"],
  },
  getSpend: {
    ...admin,
    summary: "Get the accounts and keys that were charged most in the last days",
    parameters: [daysParameter],
    answers: answered(spendSchema, 200, "The highest first."),
    failures: ["invalid_request"],
  },
  listLedgers: {
    ...admin,
    summary: "List the state of each account's ledger, by account id",
    parameters: [limitParameter, afterParameter({ type: "string", maxLength: 64 })],
    answers: answered(listSchema("LedgerList", ledgerItemSchema), 200, "The ledgers."),
    failures: ["invalid_request"],
  },
  getLedger: {
    ...admin,
    summary: "Get the state of an account's ledger",
    parameters: [accountParameter],
    answers: answered(ledgerItemSchema, 200, "The ledger."),
    failures: ["not_found"],
  },
  listBackends: {
    ...admin,
    summary: "Ask every backend for its state and queue now",
    answers: answered(listSchema("BackendList", backendItemSchema), 200, "The backends."),
    failures: [],
  },
  listOfferedModels: {
    ...admin,
    summary: "List every revision of every model",
    answers: answered(listSchema("OfferedModelList", offeredModelSchema), 200, "The models."),
    failures: [],
  },
  putModel: {
    ...admin,
    summary: "Add a model that a backend holds",
    description:
      "Requests may name it from this answer on; at other locations, within ten seconds. Of an id that has several " +
      "revisions, the id alone means the one that was added last. A model whose report misses a threshold is refused, " +
      "unless `force` is true; the audit log says who forced it.",
    body: jsonBody(addModelBodySchema.meta({ id: "AddModelRequest" })),
    answers: answered(offeredModelSchema, 200, "The model."),
    failures: [
      "invalid_request",
      "thresholds_missed",
      "payload_too_large",
      "unsupported_media_type",
      "model_unavailable",
    ],
  },
  getModelAudit: {
    ...admin,
    summary: "List what was done to the models and who did it, oldest first",
    parameters: [limitParameter, afterParameter({ type: "integer", minimum: 0, maximum: 1e15 - 1 })],
    answers: answered(listSchema("AuditEntryList", auditEntrySchema), 200, "The entries."),
    failures: ["invalid_request"],
  },
  postRollOut: {
    ...admin,
    summary: "Give a revision a share of the unseeded requests that name its id alone",
    description:
      "Which of them is decided by account and prompt, so that an account's prompt always goes the same way, and a " +
      "growing share only moves more. A request with a seed, with a start, or that names a revision never moves, nor " +
      "one that would become dearer. With a rule the service promotes the revision or takes it back by itself.",
    parameters: [nameParameter("`id@revision` of a model that is offered.")],
    body: jsonBody(rollOutBodySchema.meta({ id: "RollOutRequest" })),
    answers: answered(offeredModelSchema, 200, "The model."),
    failures: ["invalid_request", "model_not_found", "payload_too_large", "unsupported_media_type"],
  },
  postPromotion: {
    ...admin,
    summary: "Let an id alone mean the revision that is being rolled out",
    description:
      "Of the id that the service was built with, the revision takes all unseeded requests from then on; seeded ones " +
      "get it when its bundle is deployed.",
    parameters: [nameParameter("`id@revision` of a model that is being rolled out.")],
    answers: answered(offeredModelSchema, 200, "The model."),
    failures: ["invalid_request", "model_not_found"],
  },
  deleteModel: {
    ...admin,
    summary: "Take a model back: it cannot be named any more, and its latents are still decoded",
    parameters: [nameParameter("`id@revision`, or an id for all revisions that were added of it.")],
    answers: answered(listSchema("OfferedModelList", offeredModelSchema), 200, "The models that were taken back."),
    failures: ["model_not_found"],
  },
  postReconciliation: {
    ...admin,
    summary: "Compare ledgers, usage table and meter now, and repair what is missing",
    answers: answered(reconciliationSchema, 200, "What was found."),
    failures: [],
  },
  listKeys: {
    ...admin,
    summary: "List all keys, also revoked ones",
    parameters: [accountParameter],
    answers: answered(listSchema("KeyList", keyItemSchema), 200, "The keys."),
    failures: ["not_found"],
  },
  createKey: {
    ...admin,
    summary: "Create a key",
    parameters: [accountParameter],
    body: jsonBody(keyBodySchema.meta({ id: "CreateKeyRequest" })),
    answers: answered(createdKeySchema, 201, "The key, shown this once."),
    failures: bodyFailures,
  },
  revokeKey: {
    ...admin,
    summary: "Revoke a key",
    parameters: [accountParameter, keyParameter],
    answers: answered(keyItemSchema, 200, "The key, revoked."),
    failures: ["not_found"],
  },
  rotateKey: {
    ...admin,
    summary: "Rotate a key; the old one expires after the overlap",
    parameters: [accountParameter, keyParameter],
    body: jsonBody(rotationBodySchema.meta({ id: "RotateKeyRequest" })),
    answers: answered(createdKeySchema, 201, "The new key, shown this once."),
    failures: bodyFailures,
  },
} satisfies Operations;
