import { z } from "zod";
import type { Failure } from "../../shared/errors.ts";
import { answerTextBytesMax } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Attempt } from "../edge/failure-limiter.ts";
import { readBounded } from "../edge/read-bounded.ts";
import type { PaymentName, X402Index } from "./x402-index.ts";

// x402, version 2, scheme "exact": the answer 402 says what a request costs, the repeat carries a signed payment, and a
// facilitator checks it and puts it on the chain. Field names are those of the protocol.

const version = 2;

/** How long a signed payment must still be good when it arrives. */
const timeoutSecondsMax = 300;

/** The receiver, the token and the facilitator of payments. */
export interface X402Settings {
  /** The receiver's address. */
  readonly payTo: string;
  /** CAIP-2, for example "eip155:8453". */
  readonly network: string;
  /** The address of a dollar token with six decimals, so that its smallest unit is a micro-USD. */
  readonly asset: string;
  /** The token's EIP-712 name and version. */
  readonly assetName: string;
  readonly assetVersion: string;
  readonly facilitatorUrl: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly timeout: (milliseconds: number) => AbortSignal;
  readonly nowMs: () => number;
  readonly index: X402Index;
  /** Names what an operator needs to reconcile; no signature. */
  readonly log: (entry: Readonly<Record<string, string | number>>) => void;
}

/** What is accepted for one request. */
export interface PaymentRequirements {
  readonly scheme: "exact";
  readonly network: string;
  /** In the token's smallest unit. */
  readonly amount: string;
  readonly asset: string;
  readonly payTo: string;
  readonly maxTimeoutSeconds: number;
  readonly extra: { readonly name: string; readonly version: string };
}

/** A payment that was taken, now or before, or one whose payer has the credit already. */
export interface TakenPayment {
  /** Lower case. */
  readonly payer: string;
  /** The same for every request that shows this payment: what the ledger knows the request by. */
  readonly name: string;
  /** What it paid, in micro-USD. */
  readonly microUsd: number;
  /** Undefined when nothing was put on the chain. */
  readonly settlement: { readonly transaction: string; readonly receipt: string } | undefined;
}

/** A payment that a caller offers for a request. */
export interface OfferedPayment {
  /** The header `payment-signature`. */
  readonly header: string;
  readonly requirements: PaymentRequirements;
  /** Whether a payer has credit for this request: from one that failed, or was cheaper than what it paid. */
  readonly hasCredit: (payer: string) => Promise<boolean>;
  /** Asked before the facilitator is; fails where too many payments from there were not good, or are being checked. */
  readonly begin: () => Result<Attempt, Failure>;
}

const addressPattern = /^0x[0-9a-fA-F]{40}$/u;

const payloadSchema = z.looseObject({
  x402Version: z.literal(version),
  accepted: z.looseObject({
    scheme: z.string(),
    network: z.string(),
    amount: z.string(),
    asset: z.string(),
    payTo: z.string(),
  }),
  payload: z.looseObject({
    authorization: z.looseObject({
      from: z.string().regex(addressPattern),
      nonce: z.string().regex(/^0x[0-9a-fA-F]{64}$/u),
    }),
  }),
});

const payerSchema = z.string().regex(addressPattern);
const verifiedSchema = z.object({ isValid: z.boolean(), payer: payerSchema.optional() });
const settledSchema = z.looseObject({
  success: z.boolean(),
  transaction: z.string(),
});

/** Facilitators answer within seconds; a chain that takes longer is in trouble. */
const facilitatorMsMax = 30_000;

/** What a request of this price must pay. */
export function requirementsOf(settings: X402Settings, microUsd: number): PaymentRequirements {
  return {
    scheme: "exact",
    network: settings.network,
    amount: String(microUsd),
    asset: settings.asset,
    payTo: settings.payTo,
    maxTimeoutSeconds: timeoutSecondsMax,
    extra: { name: settings.assetName, version: settings.assetVersion },
  };
}

/** The header `payment-required` of a 402: base64 of JSON. */
export function paymentRequired(requirements: PaymentRequirements, url: string): string {
  const resource = { url, description: "Pictures of one request", mimeType: "application/json" };
  return btoa(JSON.stringify({ x402Version: version, resource, accepts: [requirements] }));
}

/** Time for which a payment stands for its request: less than the ledger remembers the request's outcome. */
const repeatMsMax = 23 * 60 * 60 * 1_000;

/**
 * Verifies and settles a payment before anything runs for the request. A nonce counts once here, whatever the
 * facilitator says: sent again, the payment stands for the request that it paid and for no other, so that a settled one
 * is delivered or can be fetched. Fails with `payment_required` if the payment does not meet the requirements, or with
 * `payment_unavailable` if the facilitator gives no answer, which counts as nobody's failure; the log then names the
 * payment. A known payment needs no facilitator and never waits.
 */
export async function takePayment(
  settings: X402Settings,
  { header, requirements, hasCredit, begin }: OfferedPayment,
): Promise<Result<TakenPayment, Failure>> {
  const payload = readPayload(header);
  if (payload === undefined) return refused("The payment cannot be read.");
  if (!isFor(payload.accepted, requirements))
    return refused("The payment is for something else, or of another amount.");
  const name = nameOf(payload);
  const offer = { name, microUsd: Number(requirements.amount), body: facilitatorBody(payload, requirements) };
  const before = await settings.index.find(name);
  if (before !== undefined && before.state !== "begun") {
    if (settings.nowMs() - before.atMs > repeatMsMax) return refused("The payment was used already.");
    return ok(taken(offer, before.settlement));
  }
  const attempt = begin();
  if (!attempt.ok) return attempt;
  return counted(attempt.value, () =>
    before === undefined ? takeNew(settings, offer, hasCredit) : settle(settings, offer),
  );
}

/** Only a payment that is not good counts as failed: a facilitator that cannot be reached is not its payer's fault. */
async function counted(
  attempt: Attempt,
  take: () => Promise<Result<TakenPayment, Failure>>,
): Promise<Result<TakenPayment, Failure>> {
  let outcome: "passed" | "failed" = "passed";
  try {
    const taken = await take();
    if (!taken.ok && taken.error.code === "payment_required") outcome = "failed";
    return taken;
  } finally {
    await attempt.end(outcome);
  }
}

interface Offer {
  readonly name: PaymentName;
  readonly microUsd: number;
  readonly body: object;
}

async function takeNew(
  settings: X402Settings,
  offer: Offer,
  hasCredit: OfferedPayment["hasCredit"],
): Promise<Result<TakenPayment, Failure>> {
  const { name, microUsd } = offer;
  const verified = verifiedSchema.safeParse(await ask(settings, "/verify", offer.body)).data;
  if (verified === undefined) return err({ code: "payment_unavailable" });
  // The signer pays and owns the credit: a facilitator that names another payer is not believed.
  const isGood = verified.isValid && verified.payer?.toLowerCase() === name.payer;
  if (!isGood) return refused("The payment is not valid.");
  const state = (await hasCredit(name.payer)) ? "credit" : "begun";
  if (!(await settings.index.claim(name, { state, microUsd }))) return refused("The payment is being used already.");
  return state === "credit" ? ok(taken(offer, undefined)) : settle(settings, offer);
}

/** Asks for the settlement of a payment that was claimed, once more when the answer to the last question was lost. */
async function settle(settings: X402Settings, offer: Offer): Promise<Result<TakenPayment, Failure>> {
  const { name, microUsd } = offer;
  const settled = settledSchema.safeParse(await ask(settings, "/settle", offer.body)).data;
  if (settled?.success !== true) {
    // It may be on the chain all the same: an operator looks it up by payer and nonce, and grants it.
    settings.log({ event: "x402_settlement_unknown", ...name, micro_usd: microUsd });
    return settled === undefined ? err({ code: "payment_unavailable" }) : refused("The payment was not carried out.");
  }
  const settlement = { transaction: settled.transaction, receipt: btoa(JSON.stringify(settled)) };
  await settings.index.settle(name, settlement);
  settings.log({ event: "x402_settled", ...name, micro_usd: microUsd, transaction: settled.transaction });
  return ok(taken(offer, settlement));
}

function taken({ name, microUsd }: Offer, settlement: TakenPayment["settlement"]): TakenPayment {
  const { network, asset, payer, nonce } = name;
  return { payer, microUsd, settlement, name: `x402:${network}:${asset}:${payer}:${nonce}` };
}

function nameOf({ accepted, payload: { authorization } }: z.infer<typeof payloadSchema>): PaymentName {
  const { network, asset } = accepted;
  const { from, nonce } = authorization;
  return { network, asset: asset.toLowerCase(), payer: from.toLowerCase(), nonce: nonce.toLowerCase() };
}

function facilitatorBody(paymentPayload: object, paymentRequirements: PaymentRequirements): object {
  return { x402Version: version, paymentPayload, paymentRequirements };
}

function refused(reason: string): Result<never, Failure> {
  return err({ code: "payment_required", reason });
}

function readPayload(header: string): z.infer<typeof payloadSchema> | undefined {
  try {
    return payloadSchema.safeParse(JSON.parse(atob(header))).data;
  } catch {
    return undefined;
  }
}

function isFor(accepted: z.infer<typeof payloadSchema>["accepted"], required: PaymentRequirements): boolean {
  const fields = ["scheme", "network", "amount", "asset", "payTo"] as const;
  return fields.every((field) => accepted[field] === required[field]);
}

/** Undefined when the facilitator cannot be reached, or answers with what is no JSON. */
async function ask(settings: X402Settings, path: string, body: object): Promise<unknown> {
  try {
    const answer = await settings.fetch(`${settings.facilitatorUrl}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: settings.timeout(facilitatorMsMax),
    });
    const bytes = await readBounded(answer, answerTextBytesMax);
    return bytes && JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
