import type { Context, MiddlewareHandler } from "hono";
import { parseCreateImageRequest } from "../../shared/api/create-image-request.ts";
import type { Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Accounts } from "../account/client.ts";
import type { AccountIndex } from "../account/keys/account-index.ts";
import type { Attempt, FailureLimiter } from "../edge/failure-limiter.ts";
import { ceilingMicroUsdOf } from "../generation/measure-request.ts";
import { type Pricer, priceRequest } from "../generation/price-request.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import { addressOf, type LocationLimiter, tooManyHere, tooManyWrong } from "../middleware/limit-by-address.ts";
import {
  type PaymentRequirements,
  paymentRequired,
  requirementsOf,
  type TakenPayment,
  takePayment,
  type X402Settings,
} from "../payments/x402.ts";
import { answerForm, withAcceptedFormat } from "./answer-form.ts";
import { readJson } from "./read-json.ts";

/** What it takes to be paid for one request. */
export interface PaymentServices {
  readonly x402: X402Settings | undefined;
  readonly generation: Pricer;
  readonly accounts: Accounts;
  readonly accountIndex: AccountIndex;
  /** Counts payments that are not good, so that inventing them asks the facilitator a bounded number of times. */
  readonly strangerLimiter: FailureLimiter;
  /** Counts all that an address asks without a key. */
  readonly locationLimiter: LocationLimiter;
}

/**
 * Lets a request pass that `allow` lets pass, or, if it shows no key at all, one that pays for itself by x402: the most
 * that it can cost, verified and settled before anything is held or run. It then goes on as its payer's own account,
 * where what it did not cost stays as credit for the next.
 */
export function keyOrPayment(services: PaymentServices, allow: MiddlewareHandler<AppEnv>): MiddlewareHandler<AppEnv> {
  const { x402 } = services;
  if (x402 === undefined) return allow;
  return async (c, next) => {
    if (c.req.header("authorization") !== undefined) return allow(c, next);
    const { success } = await services.locationLimiter.limit({ key: addressOf(c) });
    if (!success) return failureResponse(c, tooManyHere);
    const paying = pay(c, services, x402);
    // A client may leave: a payment that is not good is counted all the same, and one that is good is entered.
    c.executionCtx.waitUntil(paying.catch(() => {}));
    return (await paying) ?? next();
  };
}

/** Other payments from this address are being checked, each within seconds. */
const checkingOthers: Failure = { code: "rate_limit_exceeded", requestsPerMinute: undefined, retryAfterSeconds: 1 };

function beginAttempt(limiter: FailureLimiter, address: string): Result<Attempt, Failure> {
  const attempt = limiter.begin(address);
  if (attempt === "failed-too-often") return err(tooManyWrong);
  return attempt === "too-many-at-once" ? err(checkingOthers) : ok(attempt);
}

/** Undefined when it is paid. */
async function pay(
  c: Context<AppEnv>,
  services: PaymentServices,
  settings: X402Settings,
): Promise<Response | undefined> {
  const priced = await priceOf(c, services.generation);
  if (!priced.ok) return failureResponse(c, priced.error);
  const requirements = requirementsOf(settings, priced.value);
  const header = c.req.header("payment-signature");
  if (header === undefined) return askForPayment(c, requirements, "This request needs a payment.");
  const address = addressOf(c);
  const hasCredit = async (payer: string) =>
    (await services.accounts.of(accountOf(payer)).balances()).available >= priced.value;
  const begin = () => beginAttempt(services.strangerLimiter, address);
  const taken = await takePayment(settings, { header, requirements, hasCredit, begin });
  if (!taken.ok) {
    const { error } = taken;
    return error.code === "payment_required" ? askForPayment(c, requirements, error.reason) : failureResponse(c, error);
  }
  await enter(c, services, taken.value);
  return undefined;
}

async function priceOf(c: Context<AppEnv>, pricer: Pricer): Promise<Result<number, Failure>> {
  const json = await readJson(c);
  if (!json.ok) return json;
  const form = answerForm(c.req.header("accept"));
  const request = parseCreateImageRequest(withAcceptedFormat(json.value, form));
  if (!request.ok) return request;
  const priced = await priceRequest(pricer, request.value);
  return priced.ok ? ok(ceilingMicroUsdOf(priced.value)) : priced;
}

function askForPayment(c: Context<AppEnv>, requirements: PaymentRequirements, reason: string): Response {
  c.header("payment-required", paymentRequired(requirements, c.get("publicUrl")));
  return failureResponse(c, { code: "payment_required", reason });
}

/**
 * The transaction names the grant, so that one payment is credited once. The payment names the request: shown again it
 * is a repeat, which the ledger answers without charging, and with another body it is refused.
 */
async function enter(c: Context<AppEnv>, services: PaymentServices, taken: TakenPayment): Promise<void> {
  const { payer, name, microUsd, settlement } = taken;
  const account = accountOf(payer);
  const actor = { name: "x402", requestId: c.get("requestId") };
  if (settlement !== undefined) {
    await services.accountIndex.put(await services.accounts.of(account).changeAccount(account, {}, actor));
    const grantId = `x402:${settlement.transaction}`;
    await services.accounts.of(account).grant({ grantId, microUsd, actor });
    c.header("payment-response", settlement.receipt);
  }
  c.set("paymentName", name);
  c.set("account", account);
  c.set("scopes", ["generate"]);
}

function accountOf(payer: string): string {
  return `x402-${payer}`;
}
