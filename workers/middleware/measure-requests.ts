import type { MiddlewareHandler } from "hono";
import type { Tier } from "../../shared/api/images-response.ts";
import type { Failure } from "../../shared/errors.ts";
import type { Result } from "../../shared/result.ts";
import type { Caller } from "../generation/caller.ts";
import type { Generation } from "../generation/generate-image.ts";
import type { Picture } from "../generation/obtain-pictures.ts";
import { sumMicroUsd } from "../prices/price-book.ts";
import type { RequestEvent } from "../usage/request-event.ts";
import type { AppEnv, Log } from "./app-env.ts";

/** A key that sends too much is refused cheaply: one refusal in so many is reported, and stands for them. */
const refusalsPerReport = 16;

/** Slowest first. */
const tiers: readonly Tier[] = ["generated", "latent", "image"];

/** What reporting takes. */
export interface RequestReports {
  readonly reportRequest: (event: RequestEvent) => Promise<unknown>;
  readonly nowMs: () => number;
  readonly log: Log;
}

/** How a request for pictures ended. */
export type Outcome = Result<Pick<Generation, "pictures" | "settlement" | "replayed">, Pick<Failure, "code">>;

/**
 * Reports how each request for pictures ended, after its answer. Whoever shows no valid key causes no report, so that a
 * stranger costs no message. A report that the queue does not take is lost: it is a statistic, and money is kept
 * elsewhere.
 */
export function measureRequests({ reportRequest, nowMs, log }: RequestReports): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const startedMs = nowMs();
    await next();
    // Undefined until a key or a payment was accepted.
    const account: string | undefined = c.get("account");
    const code = c.get("failureCode");
    const made = c.get("made") ?? (code && Promise.resolve({ ok: false as const, error: { code } }));
    if (account === undefined || made === undefined) return;
    const id = c.get("requestId");
    c.executionCtx.waitUntil(
      outcomeOf(made).then((outcome) => {
        const weight = weightOf(id, outcome);
        const revision = c.get("revision");
        const event = requestEvent(outcome, { id, weight, revision, atMs: nowMs(), ms: nowMs() - startedMs });
        return weight === 0 ? undefined : reportRequest(event).catch(() => log({ event: "request_report_lost" }));
      }),
    );
  };
}

/** Reports each of a job's requests, whose client does not wait: without a duration. */
export function measureJobRequests<Asked, Ended extends Outcome>(
  { reportRequest, nowMs, log, newId }: RequestReports & { readonly newId: () => string },
  generate: (caller: Caller, asked: Asked) => Promise<Ended>,
): (caller: Caller, asked: Asked) => Promise<Ended> {
  return async (caller, asked) => {
    let revision: string | undefined;
    const noteModel = (noted: string) => {
      revision = noted;
    };
    const made = generate({ ...caller, noteModel }, asked);
    const outcome = await outcomeOf(made);
    const event = requestEvent(outcome, { id: newId(), weight: 1, revision, atMs: nowMs() });
    await reportRequest(event).catch(() => log({ event: "request_report_lost" }));
    return made;
  };
}

function outcomeOf(made: Promise<Outcome>): Promise<Outcome> {
  return made.catch(() => ({ ok: false, error: { code: "internal" } }));
}

/** Request ids are random, so their last digit draws the sample. */
function weightOf(id: string, outcome: Outcome): number {
  if (outcome.ok || outcome.error.code !== "rate_limit_exceeded") return 1;
  return id.endsWith("0") ? refusalsPerReport : 0;
}

function requestEvent(
  outcome: Outcome,
  named: Pick<RequestEvent, "id" | "atMs" | "weight" | "ms" | "revision">,
): RequestEvent {
  if (!outcome.ok) return { kind: "request", ...named, outcome: outcome.error.code, pictures: [] };
  const { pictures, settlement, replayed } = outcome.value;
  const slowest = tiers.find((tier) => pictures.some((picture) => picture.tier === tier)) ?? "image";
  const chargeOf = (id: string) => sumMicroUsd(settlement.lines.filter(({ latentId }) => latentId === id));
  return {
    kind: "request",
    ...named,
    outcome: slowest,
    pictures: pictures.map((picture) => {
      return { tier: picture.tier, ...timesOf(picture), microUsd: replayed ? 0 : chargeOf(picture.latentId) };
    }),
  };
}

/** What ran for this very request: a shared run counts for the request that pays for it. */
function timesOf({ lines, milliseconds }: Picture): Pick<RequestEvent["pictures"][number], "stageCMs" | "decodeMs"> {
  const ran = (kind: string) => lines.some((line) => line.kind === kind);
  const total = (...parts: readonly string[]) => parts.reduce((sum, part) => sum + (milliseconds[part] ?? 0), 0);
  return {
    ...(ran("generation") && { stageCMs: total("text-encoder", "stage-c") }),
    ...(ran("decode") && { decodeMs: total("stage-b", "stage-a") }),
  };
}
