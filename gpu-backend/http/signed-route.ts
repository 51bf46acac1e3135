import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context, Handler } from "hono";
import type { ByteBudget } from "../../shared/byte-budget.ts";
import type { Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { ReplayGuard } from "../../shared/wire/replay-guard.ts";
import { hasDigest, type SignatureFault, verifyHead } from "../../shared/wire/request-signature.ts";
import { placeIn } from "../../shared/wire/task-terms.ts";
import type { Scheduler } from "../scheduling/scheduler.ts";
import { answerFailure, answerGuardFull } from "./answer-failure.ts";

import type { Metrics } from "./metrics.ts";
import { declaredBytes, dropBody, readBody } from "./read-body.ts";

/** Who may ask, and how much of bodies is held. */
export interface SignatureRules {
  /** The present one, and while it is being changed the one before. */
  readonly secrets: readonly string[];
  readonly replayGuard: ReplayGuard;
  readonly bodyBudget: ByteBudget;
  /** Unix seconds. */
  readonly nowSeconds: () => number;
  /** Told of every refusal; clients are told no reason. */
  readonly onRefused: (fault: SignatureFault) => void;
}

/** What answering signed requests takes. */
export interface SignedServices {
  readonly signatureRules: SignatureRules;
  readonly scheduler: Pick<Scheduler, "refusal">;
  readonly metrics: Pick<Metrics, "taskEnded">;
}

/** A route for the edge alone: POST, with a signed body. */
export interface SignedRoute {
  readonly path: string;
  /** The kind of task that it puts into the queue, if it does. */
  readonly task?: string;
  readonly contentType: string;
  /** The longest body that it takes. */
  readonly bytesMax: number;
  /** Answers a request whose signature and body hold. */
  readonly handle: (context: Context, body: Uint8Array<ArrayBuffer>) => Promise<Response>;
}

/**
 * Answers a signed request. The signature covers the body's digest and is checked before a byte of the body is read;
 * then come type and length, a place in the queue, room for the body, and the body itself, whose bytes count as held
 * until the answer. So a refusal costs a signature and a look at the queue.
 */
export function answerSigned(services: SignedServices, route: SignedRoute): Handler {
  const { signatureRules: rules } = services;
  return async (context) => {
    const signed = await verify(context, rules);
    if (!signed.ok) return signed.error === "guard-full" ? answerGuardFull(context) : refuseStranger(context);
    const fault = formFault(context, route) ?? queueFault(context, services, route);
    if (fault !== undefined) return refuse(context, route, fault);
    const bytes = declaredBytes(context.req.raw) ?? route.bytesMax;
    const release = rules.bodyBudget.take(getConnInfo(context).remote.address ?? "", bytes);
    if (release === undefined) return answerFailure(context, noRoom);
    try {
      const body = await readSigned(context.req.raw, route.bytesMax, signed.value);
      return body.ok ? await route.handle(context, body.value) : answerFailure(context, body.error);
    } finally {
      release();
    }
  };

  async function readSigned(
    request: Request,
    bytesMax: number,
    digest: Uint8Array,
  ): Promise<Result<Uint8Array<ArrayBuffer>, Failure>> {
    const body = await readBody(request, bytesMax);
    if (!body.ok || (await hasDigest(body.value, digest))) return body;
    rules.onRefused("mismatch");
    return err(notSigned);
  }
}

/** Closes the connection: kept alive, the server would read a stranger's body to its end, and memory with it. */
function refuseStranger(context: Context): Response {
  context.header("connection", "close");
  return answerFailure(context, notSigned);
}

/** Its sender is genuine, so what is too long is read away first: it would not see the refusal otherwise. */
async function refuse(context: Context, { bytesMax }: SignedRoute, fault: Failure): Promise<Response> {
  if (fault.code === "payload_too_large") await dropBody(context.req.raw, 2 * bytesMax);
  return answerFailure(context, fault);
}

const notSigned: Failure = { code: "invalid_signature" };

/** Bodies of other requests fill the memory that is set aside for them; most are gone in a second. */
const noRoom: Failure = { code: "backend_overloaded", retryAfterSeconds: 1 };

async function verify(
  { req }: Context,
  { secrets, nowSeconds, replayGuard, onRefused }: SignatureRules,
): Promise<Result<Uint8Array, SignatureFault>> {
  const { pathname, search } = new URL(req.url);
  const context = { header: (name: string) => req.header(name), nowSeconds: nowSeconds(), replayGuard };
  const signed = await verifyHead(secrets, { method: req.method, target: `${pathname}${search}` }, context);
  if (!signed.ok) onRefused(signed.error);
  return signed.ok ? ok(signed.value) : signed;
}

/** Reserves no place: a task that finds none later is refused then. */
function queueFault(
  { req }: Context,
  { scheduler, metrics }: Pick<SignedServices, "scheduler" | "metrics">,
  { task }: SignedRoute,
): Failure | undefined {
  const failure = task === undefined ? undefined : scheduler.refusal(placeIn(req.query()));
  if (task !== undefined && failure !== undefined) metrics.taskEnded(task, err({ failure, gpuMs: 0 }));
  return failure;
}

function formFault({ req }: Context, { contentType, bytesMax }: SignedRoute): Failure | undefined {
  const [type = ""] = (req.header("content-type") ?? "").split(";");
  if (type.trim().toLowerCase() !== contentType) return { code: "unsupported_media_type", expected: contentType };
  return (declaredBytes(req.raw) ?? 0) > bytesMax ? { code: "payload_too_large", limitBytes: bytesMax } : undefined;
}
