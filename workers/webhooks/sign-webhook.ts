/** Marks a secret of this scheme, as its libraries expect. */
const secretPrefix = "whsec_";

/** What is signed: the message's id, the time of this delivery, and the body as it is sent. */
export interface SignedWebhook {
  readonly id: string;
  /** Unix seconds. */
  readonly timestampSeconds: number;
  readonly body: string;
}

/** A secret made of random bytes, of which there must be 24 to 64. */
export function formatWebhookSecret(random: Uint8Array): string {
  return `${secretPrefix}${btoa(String.fromCharCode(...random))}`;
}

/**
 * The three headers of the Standard Webhooks scheme (github.com/standard-webhooks/standard-webhooks): one signature for
 * each secret that is valid, so that a receiver may change over to a new one at its leisure.
 */
export async function signWebhook(
  secrets: readonly string[],
  { id, timestampSeconds, body }: SignedWebhook,
): Promise<Readonly<Record<string, string>>> {
  const text = `${id}.${timestampSeconds}.${body}`;
  const signatures = await Promise.all(secrets.map((secret) => signatureOf(secret, text)));
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestampSeconds),
    "webhook-signature": signatures.map((signature) => `v1,${signature}`).join(" "),
  };
}

async function signatureOf(secret: string, text: string): Promise<string> {
  const bytes = Uint8Array.from(atob(secret.slice(secretPrefix.length)), (character) => character.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(signature)));
}
