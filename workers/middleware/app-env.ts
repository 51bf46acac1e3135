import type { KeyScope } from "../../shared/api/key-scopes.ts";
import type { RequestDefaults } from "../../shared/api/request-defaults.ts";
import type { Failure, FailureCode } from "../../shared/errors.ts";
import type { Result } from "../../shared/result.ts";
import type { AccountGate } from "../account/account-gate.ts";
import type { RequestBody } from "../edge/receive-body.ts";
import type { Generation } from "../generation/generate-image.ts";
import type { AllowedModels } from "../models/limited-models.ts";

/** What middleware leaves on a request's context for those after it. */
export interface AppEnv {
  readonly Variables: {
    /** Set by `requestId`, on every request. */
    requestId: string;
    /** Set by `publicUrl`, on every request: its URL as the client sees it. Links in answers lead there. */
    publicUrl: string;
    /** Set by `authenticate`: the account whose key was shown, the key's id, and the way into the account. */
    account: string;
    keyId: string;
    /** Set by `authenticate`, for a key or an account that has them: what a body means where it says nothing. */
    defaults?: RequestDefaults | undefined;
    /** Set by `authenticate`, for a key that is limited to some models: their ids. */
    models?: AllowedModels;
    gate?: AccountGate;
    /** Set once the account was asked: all that the key may do. */
    scopes?: readonly KeyScope[];
    /** Set by `provideBody`, on routes that have a body. */
    body: RequestBody;
    /** Set by `keyOrPayment`: the name of the payment, which takes the place of an `Idempotency-Key`. */
    paymentName?: string;
    /** Set by `authenticateAdmin`: the name of the operator whose credential was shown. */
    operator: string;
    /** Set by routes that answer with pictures: the tier of each, comma-separated. */
    tier?: string;
    /** Set by routes that make pictures, as soon as they begin: a stream ends long after its headers. */
    made?: Promise<Result<Generation, Failure>>;
    /** Set when a request for pictures is planned: the revision of its model. */
    revision?: string;
    /** Set by `plainErrors`, where clients read an error's text from `error` itself. */
    plainErrors?: true;
    /** Set by `failureResponse`. */
    failureCode?: FailureCode;
  };
}

/** Writes one line of structured log. Callers never pass a prompt, an API key, a signature or a whole URL. */
export type Log = (entry: Readonly<Record<string, string | number>>) => void;
