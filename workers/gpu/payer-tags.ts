import { toHex } from "../../shared/hex.ts";
import { hmacSha256 } from "../../shared/hmac.ts";
import type { TaskTerms } from "../../shared/wire/task-terms.ts";
import type { TaskPayer } from "./cancellable-task.ts";

/** 128 bits: no two of a service's accounts or requests ever share a tag. Hexadecimal digits. */
const tagDigits = 32;

/**
 * What a backend is told of a payer: opaque without the secret, the same for one account on every backend, and of no
 * use for anything but to share a device.
 */
export async function payerTags(secret: string, payer: TaskPayer): Promise<Pick<TaskTerms, "tenant" | "request">> {
  const tag = async (kind: string, name: string) =>
    toHex(await hmacSha256(secret, `${kind} tag\n${name}`)).slice(0, tagDigits);
  return { tenant: await tag("tenant", payer.account), request: await tag("request", payer.reservationId) };
}
