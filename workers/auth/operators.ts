import { AppError } from "../../shared/errors.ts";
import { sha256 } from "../../shared/hmac.ts";
import { secretCharactersMin } from "../../shared/limits.ts";

/** The name of an operator whose credential has none. */
const unnamed = "operator";

/** The operators, who may use the admin API. */
export interface Operators {
  /** The name of the operator with this credential; undefined if there is none. */
  nameOf(credential: string): Promise<string | undefined>;
}

/**
 * Reads the setting `ADMIN_SECRET`: one secret, or several as `NAME:SECRET` with spaces between, so that the audit log
 * can name people and a credential can be replaced while another works. Throws `AppError` on a short secret.
 */
export function createOperators(setting: string): Operators {
  const credentials = setting
    .split(/\s+/u)
    .filter((entry) => entry !== "")
    .map(parseCredential);
  const digests = Promise.all(credentials.map(async ({ name, secret }) => ({ name, digest: await digestOf(secret) })));
  return {
    async nameOf(credential) {
      const shown = await digestOf(credential);
      // All are compared, each in constant time, so the time reveals nothing about any of them.
      const matches = (await digests).filter(({ digest }) => crypto.subtle.timingSafeEqual(digest, shown));
      return matches[0]?.name;
    },
  };
}

function parseCredential(entry: string): { readonly name: string; readonly secret: string } {
  const named = /^([a-z0-9][a-z0-9._-]{0,31}):(.+)$/u.exec(entry);
  const { name, secret } = { name: named?.[1] ?? unnamed, secret: named?.[2] ?? entry };
  if (secret.length < secretCharactersMin) {
    throw new AppError(`Every secret in ADMIN_SECRET must be at least ${secretCharactersMin} characters long.`);
  }
  return { name, secret };
}

function digestOf(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return sha256(new TextEncoder().encode(text));
}
