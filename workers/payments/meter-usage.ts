import type { UsageEvent } from "../usage/usage-event.ts";
import type { UsageMeter } from "./stripe-meter.ts";

/** Where it is noted what was reported. */
export interface MeterNotes {
  readonly database: Pick<D1Database, "prepare">;
  readonly nowMs: () => number;
}

/**
 * Reports the events of accounts with a customer at Stripe, each once: the table records what was reported, and Stripe
 * refuses a repeated identifier if the record is lost. Returns the ids of events that failed.
 */
export async function meterUsage(
  meter: UsageMeter,
  { database, nowMs }: MeterNotes,
  events: readonly UsageEvent[],
): Promise<ReadonlySet<string>> {
  const failed = new Set<string>();
  for (const event of events) {
    if (event.stripeCustomer === undefined) continue;
    const known = await database.prepare("SELECT 1 FROM meter_events WHERE event_id = ?").bind(event.id).first();
    if (known !== null) continue;
    try {
      await meter.report(event);
      const insert = "INSERT OR IGNORE INTO meter_events (event_id, sent_ms) VALUES (?, ?)";
      await database.prepare(insert).bind(event.id, nowMs()).run();
    } catch {
      // The queue delivers it again; the other events must not wait for it.
      failed.add(event.id);
    }
  }
  return failed;
}
