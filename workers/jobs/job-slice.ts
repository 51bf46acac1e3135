import { parseCreateImageRequest } from "../../shared/api/create-image-request.ts";
import type { Failure } from "../../shared/errors.ts";
import { err, type Result } from "../../shared/result.ts";
import type { Caller } from "../generation/caller.ts";
import type { Generation } from "../generation/generate-image.ts";
import { judge, type Verdict } from "./item-result.ts";
import type { JobStore, QueuedItem, StoredJob } from "./job-store.ts";

/** Requests of one job at once: the connections that the platform allows one invocation. */
const itemsAtOnce = 6;

/** Requests that one alarm does at most: each takes some ten calls, of the 1,000 that an invocation surely has. */
const sliceItemsMax = 60;

/**
 * How long one alarm begins new requests. The platform gives it 15 minutes; a small model's longest request takes 7. A
 * request that is cut begins again with the latents that were stored.
 */
const sliceMsMax = 60_000;

/** What doing a job's requests takes. */
export interface SliceParts {
  readonly store: JobStore;
  readonly nowMs: () => number;
  readonly generate: (caller: Caller, request: GeneratedRequest) => Promise<Result<Generation, Failure>>;
  readonly log: (entry: Readonly<Record<string, string>>) => void;
}

type ParsedRequest = ReturnType<typeof parseCreateImageRequest>;
type GeneratedRequest = Extract<ParsedRequest, { ok: true }>["value"];

/** The requests in progress, and the signal that stops them. */
export interface Underway {
  readonly items: Set<number>;
  readonly signal: AbortSignal;
  /** Hears of every end. */
  readonly changed: () => void;
}

/** Runs a slice of a job's requests, some at a time. Returns when none is in progress. */
export async function runSlice(parts: SliceParts, job: StoredJob, underway: Underway): Promise<void> {
  const { store, nowMs } = parts;
  const startedMs = nowMs();
  const queue = [...store.nextQueued(sliceItemsMax)];
  const mayGoOn = () =>
    !underway.signal.aborted && nowMs() - startedMs < sliceMsMax && (store.read()?.resumeMs ?? 0) <= nowMs();

  async function work(): Promise<void> {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      if (!mayGoOn()) return;
      underway.items.add(item.item);
      try {
        follow(parts, item, await attempt(parts, { job, item, underway }));
      } finally {
        underway.items.delete(item.item);
        underway.changed();
      }
    }
  }
  await Promise.all(Array.from({ length: itemsAtOnce }, work));
}

interface Attempted {
  readonly job: StoredJob;
  readonly item: QueuedItem;
  readonly underway: Underway;
}

async function attempt(parts: SliceParts, { job, item, underway }: Attempted): Promise<Verdict> {
  const result = await generate(parts, { job, item, underway });
  const misses = parts.store.read()?.misses ?? 0;
  return judge(result, { attempts: item.attempts, misses, isCancelled: underway.signal.aborted });
}

/** The name by which the ledger knows a request holds spaces, so no client can choose the same. */
async function generate(
  { generate: run, log }: SliceParts,
  { job: { spec, total }, item, underway }: Attempted,
): Promise<Result<Generation, Failure>> {
  const request: ParsedRequest = parseCreateImageRequest({ ...JSON.parse(item.request), response_format: "url" });
  if (!request.ok) return request;
  const { account, keyId, models, mayShare, location, origin, holdId } = spec;
  const caller: Caller = {
    account,
    keyId,
    models,
    mayShare,
    location,
    origin,
    holdId,
    signal: underway.signal,
    isRetry: false,
    // No client waits for a single picture of a batch.
    priority: total === 1 ? "interactive" : "batch",
    idempotencyKey: `job ${holdId} ${item.item}`,
  };
  try {
    return await run(caller, request.value);
  } catch (error) {
    log({ event: "job_request_failed", error: error instanceof Error ? error.name : "unknown" });
    return err({ code: "internal" });
  }
}

/** Several requests fail at once when the backend does: only the first of them makes the pause longer. */
function follow({ store, nowMs }: SliceParts, { item }: QueuedItem, verdict: Verdict): void {
  if (verdict.kind === "ended") {
    store.endItem(item, verdict.outcome);
    return;
  }
  if (verdict.isCounted) store.countAttempt(item);
  const { misses = 0, resumeMs = 0 } = store.read() ?? {};
  if (resumeMs <= nowMs()) store.pause(misses + 1, nowMs() + verdict.pauseMs);
}
