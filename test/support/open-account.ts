import type { LocalStack } from "../../scripts/local-stack.ts";
import { apiKeyRandomBytes, formatApiKey, hashApiKey } from "../../workers/auth/api-key.ts";

/**
 * Opens an account with this credit on a stack of this machine, and gives a key of it. Throws when the edge refuses.
 */
export async function openAccount(
  { url, adminSecret }: Pick<LocalStack, "url" | "adminSecret">,
  account: string,
  creditMicroUsd: number,
): Promise<string> {
  const apiKey = await formatApiKey(crypto.getRandomValues(new Uint8Array(apiKeyRandomBytes)));
  const order = async (method: string, path: string, body: object) => {
    const answer = await fetch(`${url}/v1/admin/accounts/${account}${path}`, {
      method,
      headers: { authorization: `Bearer ${adminSecret}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new TypeError(`The account was not opened: ${await answer.text()}`);
  };
  await order("PUT", "", { name: account });
  await order("POST", "/keys", { name: account, requests_per_minute: 600_000, sha256: await hashApiKey(apiKey) });
  if (creditMicroUsd > 0) await order("POST", "/grants", { grant_id: account, micro_usd: creditMicroUsd });
  return apiKey;
}
