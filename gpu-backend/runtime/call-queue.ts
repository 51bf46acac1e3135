import { compareUrgency, type Urgency } from "../../shared/wire/urgency.ts";
import type { BatchRule } from "./batch-rule.ts";

/** A run of a graph that a task waits for, as far as it decides what runs next. */
export interface QueuedCall {
  readonly urgency: Urgency;
  /** Only calls of one key can share a run. */
  readonly key: string;
  readonly rows: number;
  /** Whether its graph runs once a task, and is not a step of a sampler. */
  readonly isOnce: boolean;
}

/** A tenant whose calls wait, in the class that goes first. */
interface WaitingTenant {
  readonly name: string;
  /** The largest start tag of its calls: what it was given and promised. */
  tag: number;
  arrival: number;
}

/**
 * The call that runs next; undefined when none waits. Interactive calls go before batch calls. Within a class, the
 * tenant that was promised least leads, so a newcomer waits for one run and not for the tasks of a flood. Of its calls,
 * the first is one that runs once a task (it lets a task into a batch, or ends one), then one of a task that ends
 * others, then the most urgent. Calls that run once go first for other tenants too, as long as these are not further
 * ahead than the leader's task is long.
 */
export function nextCall<Call extends QueuedCall>(waiting: readonly Call[]): Call | undefined {
  const hasInteractive = waiting.some(({ urgency }) => urgency.priority === "interactive");
  const rivals = waiting.filter(({ urgency }) => urgency.priority === "interactive" || !hasInteractive);
  const lead = tenantsOf(rivals).toSorted((a, b) => a.tag - b.tag || a.arrival - b.arrival)[0];
  if (lead === undefined) return undefined;
  const ordered = rivals.toSorted((a, b) => compareWithin(a.urgency, b.urgency));
  const own = ordered.filter(({ urgency }) => urgency.tenant === lead.name);
  const reachTag = lead.tag + Math.max(...own.map(({ urgency }) => urgency.costMs));
  const isNear = ({ urgency }: Call) => urgency.tenant === lead.name || urgency.startTag < reachTag;
  return ordered.find((call) => call.isOnce && isNear(call)) ?? own[0];
}

/** How many rows a run may have, its leader's included. */
export interface CompanyRows {
  /** With calls of the leader's tenant alone. */
  readonly own: number;
  /** Once a call of another tenant joins. */
  readonly mixed: number;
}

/** `leader` and the calls that may run with it, most urgent first, without exceeding the rule or `company`. */
export function companionsOf<Call extends QueuedCall>(
  leader: Call,
  waiting: readonly Call[],
  rule: BatchRule,
  company: CompanyRows = { own: rule.rowsMax, mixed: rule.rowsMax },
): Call[] {
  if (leader.rows < rule.rowsMin) return [leader];
  const others = waiting
    .filter((call) => call !== leader && call.key === leader.key && call.rows >= rule.rowsMin)
    .toSorted((a, b) => compareUrgency(a.urgency, b.urgency));
  const batch = [leader];
  let rows = leader.rows;
  for (const call of others) {
    const isMixed = [...batch, call].some(({ urgency }) => urgency.tenant !== leader.urgency.tenant);
    if (rows + call.rows > Math.min(rule.rowsMax, isMixed ? company.mixed : company.own)) continue;
    batch.push(call);
    rows += call.rows;
  }
  return batch;
}

function compareWithin(a: Urgency, b: Urgency): number {
  if (a.isLast !== b.isLast) return a.isLast ? -1 : 1;
  return compareUrgency(a, b);
}

function tenantsOf(calls: readonly QueuedCall[]): WaitingTenant[] {
  const tenants = new Map<string, WaitingTenant>();
  for (const { urgency } of calls) {
    const { tenant: name, startTag, arrival } = urgency;
    const known = tenants.get(name);
    if (known === undefined) {
      tenants.set(name, { name, tag: startTag, arrival });
      continue;
    }
    known.tag = Math.max(known.tag, startTag);
    known.arrival = Math.min(known.arrival, arrival);
  }
  return Array.from(tenants.values());
}
