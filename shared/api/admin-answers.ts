import { z } from "zod";
import { keyScopeSchema } from "./key-scopes.ts";
import { requestDefaultsSchema } from "./request-defaults.ts";

// What the operator's routes answer. Times are ISO 8601.

const timeSchema = z.iso.datetime();

/** An account as a list shows it. */
export const listedAccountSchema = z
  .object({
    object: z.literal("account"),
    id: z.string(),
    name: z.string(),
    suspended: z.boolean(),
    created: timeSchema.nullable(),
  })
  .readonly()
  .meta({ id: "ListedAccount" });

/** What a comparison of ledgers, usage table and meter found. */
export const reconciliationSchema = z
  .object({
    object: z.literal("reconciliation"),
    accounts: z.int().describe("Compared accounts: those that were compared longest ago."),
    checked: z.int().describe("Compared settlements."),
    repaired: z.int().describe("Settlements that were missing from the usage table and were written."),
    unrepaired: z.array(z.string()).readonly().describe("Settlements that still differ."),
    unmetered: z.int().describe("Settlements that the meter did not accept; the next run retries them."),
  })
  .readonly()
  .meta({ id: "Reconciliation" });

/** An account with its settings. */
export const accountItemSchema = z
  .object({
    ...listedAccountSchema.unwrap().shape,
    concurrency_max: z.int().nullable().describe("Requests in flight at once; null: the service's default."),
    latents_per_prompt: z.int().nullable().describe("Latents per prompt in rotation; null: the default."),
    latent_bytes_max: z
      .int()
      .nullable()
      .describe("Beyond it the least valuable latents are evicted; null: the default."),
    stripe_customer: z.string().nullable(),
    defaults: requestDefaultsSchema
      .nullable()
      .describe("What requests of its keys mean where neither they nor their key say anything."),
  })
  .readonly()
  .meta({ id: "Account" });

/** A key without its secret. */
export const keyItemSchema = z
  .object({
    object: z.literal("key"),
    id: z.string(),
    name: z.string(),
    scopes: z.array(keyScopeSchema).readonly(),
    created: timeSchema.nullable(),
    expires_at: timeSchema.nullable(),
    revoked_at: timeSchema.nullable(),
    replaced_by: z.string().nullable().describe("The id of the key that replaced it by a rotation."),
    requests_per_minute: z.int().nullable(),
    budget_micro_usd_per_day: z.int().nullable(),
    defaults: requestDefaultsSchema.nullable().describe("What its requests mean where they say nothing."),
    models: z.array(z.string()).readonly().nullable().describe("The ids of the models that it may use; null: all."),
  })
  .readonly()
  .meta({ id: "Key" });

/** A key that was just made. */
export const createdKeySchema = z
  .object({
    ...keyItemSchema.unwrap().shape,
    key: z.string().optional().describe("The key itself, shown only once; absent if the operator made it."),
  })
  .readonly()
  .meta({ id: "CreatedKey" });

/** Who did what, and when. */
export const auditEntrySchema = z
  .object({
    object: z.literal("audit_entry"),
    id: z.int(),
    at: timeSchema.nullable(),
    actor: z.string(),
    request_id: z.string(),
    action: z.string(),
    subject: z.string(),
    details: z.unknown(),
  })
  .readonly()
  .meta({ id: "AuditEntry" });

/** The changes of all accounts. */
export const accountAuditListSchema = z
  .object({
    object: z.literal("list"),
    data: z
      .array(
        z
          .object({ ...auditEntrySchema.unwrap().shape, account: z.string().describe("Whose log has the entry.") })
          .readonly()
          .meta({ id: "AccountAuditEntry" }),
      )
      .readonly(),
    has_more: z.boolean(),
    next_cursor: z.string().nullable().describe("The query's `cursor` of the next page; null: this is the last one."),
  })
  .readonly()
  .meta({ id: "AccountAuditList" });

/** An account as a list shows it. */
export type ListedAccountItem = z.infer<typeof listedAccountSchema>;

/** An account with its settings. */
export type AccountItem = z.infer<typeof accountItemSchema>;

/** A key without its secret. */
export type KeyItem = z.infer<typeof keyItemSchema>;

/** A key that was just made. */
export type CreatedKey = z.infer<typeof createdKeySchema>;

/** Who did what, and when. */
export type AuditItem = z.infer<typeof auditEntrySchema>;

/** The changes of all accounts, newest first. */
export type AccountAuditList = z.infer<typeof accountAuditListSchema>;

/** Part of a list, under the name `id` in the API document. */
export function listSchema<Item extends z.ZodType>(id: string, item: Item) {
  return z
    .object({ object: z.literal("list"), data: z.array(item).readonly(), has_more: z.boolean() })
    .readonly()
    .meta({ id });
}
