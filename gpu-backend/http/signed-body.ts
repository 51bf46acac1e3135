import type { Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { ReplayGuard } from "../../shared/wire/replay-guard.ts";
import { type SignatureFault, verifyRequest } from "../../shared/wire/request-signature.ts";
import { readBody } from "./read-body.ts";

/** Who may ask, and what of a body is read. */
export interface SignedBodyRules {
  /** The present one, and while it is being changed the one before. */
  readonly secrets: readonly string[];
  readonly replayGuard: ReplayGuard;
  /** Unix seconds. */
  readonly nowSeconds: () => number;
  /** Told of every refusal; clients are told no reason. */
  readonly onRefused: (fault: SignatureFault) => void;
}

/** What a route expects. */
export interface ExpectedBody {
  readonly contentType: string;
  readonly bytesMax: number;
}

/**
 * The body of a request that the edge has signed. Fails with `unsupported_media_type`, `payload_too_large` or
 * `invalid_signature`, in this order, so that nothing is computed over a body that is too long.
 */
export async function readSignedBody(
  request: Request,
  rules: SignedBodyRules,
  { contentType, bytesMax }: ExpectedBody,
): Promise<Result<Uint8Array<ArrayBuffer>, Failure>> {
  if (mediaType(request) !== contentType) return err({ code: "unsupported_media_type", expected: contentType });
  const body = await readBody(request, bytesMax);
  if (!body.ok) return body;
  const { pathname, search } = new URL(request.url);
  const { nowSeconds, replayGuard } = rules;
  let fault: SignatureFault = "missing";
  for (const secret of rules.secrets) {
    const verified = await verifyRequest(
      secret,
      { method: request.method, target: `${pathname}${search}`, body: body.value },
      { header: (name) => request.headers.get(name), nowSeconds: nowSeconds(), replayGuard },
    );
    if (verified.ok) return ok(body.value);
    fault = verified.error;
    if (fault !== "mismatch") break;
  }
  rules.onRefused(fault);
  return err({ code: "invalid_signature" });
}

function mediaType(request: Request): string {
  const [type = ""] = (request.headers.get("content-type") ?? "").split(";");
  return type.trim().toLowerCase();
}
