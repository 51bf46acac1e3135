import type { AllowedModels } from "../models/limited-models.ts";
import type { PayingRequest } from "./obtain-latent.ts";

/** Who asks, and where and how the request reached us. */
export interface Caller extends Omit<PayingRequest, "reservationId" | "noteRun"> {
  /** The key that pays, if one does; its budget and its revocation count. */
  readonly keyId?: string | undefined;
  /** Whether its key may share latents with other accounts. */
  readonly mayShare?: boolean | undefined;
  /** The models that its key may use. */
  readonly models?: AllowedModels;
  /** Hears which revision a request is planned for. */
  readonly noteModel?: ((revision: string) => void) | undefined;
  /** What the client calls this request, if it does. */
  readonly idempotencyKey: string | undefined;
  /** Whether the client says that it has sent this before. */
  readonly isRetry: boolean;
  /** The hold of the job that this request is part of. */
  readonly holdId?: string | undefined;
}
