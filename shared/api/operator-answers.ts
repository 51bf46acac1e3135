import { z } from "zod";
import { backendStatusSchema } from "./health.ts";

// What the operator's page reads of ledgers and backends. Times are ISO 8601.

const timeSchema = z.iso.datetime().nullable();
const countSchema = z.int().min(0);

/** The state of one account's ledger. */
export const ledgerItemSchema = z
  .object({
    object: z.literal("ledger"),
    account: z.string(),
    balanced: z
      .boolean()
      .describe("The four balances sum to 0, and what is held is the sum of open reservations and holds."),
    available_micro_usd: countSchema,
    held_micro_usd: countSchema,
    spent_micro_usd: countSchema,
    open_reservations: countSchema,
    oldest_reservation: timeSchema.describe(
      "Since when the oldest open reservation is held; at most 15 minutes, or as long as a larger model may take.",
    ),
    outbox_events: countSchema.describe("Usage events that the queue has not taken yet."),
    oldest_event: timeSchema,
    reconciled: timeSchema.describe("When it was last compared with the usage table."),
  })
  .readonly()
  .meta({ id: "Ledger" });

/** The state of one backend. */
export const backendItemSchema = z
  .object({
    object: z.literal("backend"),
    host: z.string(),
    region: z.string().nullable(),
    standby: z.boolean(),
    status: backendStatusSchema,
    revision: z.string().nullable().describe("Of its default model; null if it did not answer."),
    models: z
      .array(z.object({ id: z.string(), revision: z.string(), warm: z.boolean() }).readonly())
      .readonly()
      .describe("Those that it holds; warm: it is loaded. Empty if it did not answer, or is of 0.1."),
    tasks_waiting: countSchema.nullable(),
    tasks_running: countSchema.nullable(),
    backlog_ms: z.number().min(0).nullable().describe("Milliseconds of accepted work."),
  })
  .readonly()
  .meta({ id: "Backend" });

/** The state of one account's ledger. */
export type LedgerItem = z.infer<typeof ledgerItemSchema>;

/** The state of one backend. */
export type BackendItem = z.infer<typeof backendItemSchema>;
