import { Stripe } from "stripe";
import type { Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";

/** Stripe's own tolerance: a recorded webhook is useless after it. */
const toleranceSeconds = 300;

/** A webhook as it came. */
export interface SignedBody {
  readonly body: string;
  /** The header `stripe-signature`. */
  readonly signature: string | undefined;
  readonly nowMs: number;
}

/** The event of a webhook that Stripe signed with this secret. Fails with `invalid_signature` on any other. */
export async function openWebhook(
  secret: string,
  { body, signature, nowMs }: SignedBody,
): Promise<Result<Stripe.Event, Failure>> {
  if (signature === undefined) return err({ code: "invalid_signature" });
  const provider = Stripe.createSubtleCryptoProvider();
  try {
    const { webhooks } = Stripe;
    return ok(await webhooks.constructEventAsync(body, signature, secret, toleranceSeconds, provider, nowMs));
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) return err({ code: "invalid_signature" });
    throw error;
  }
}
