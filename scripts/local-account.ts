import { requestsPerMinuteMax } from "../shared/limits.ts";
import { hashApiKey } from "../workers/auth/api-key.ts";
import { CommandError } from "./command-line.ts";

const developmentAccount = "development";

/** 1,000 dollars: some millions of the embedded model's pictures. Given once a state folder. */
const developmentCreditMicroUsd = 1_000_000_000;

/** What opening takes. */
export interface DevelopmentCredentials {
  readonly adminSecret: string;
  readonly apiKey: string;
}

/**
 * Opens the development account, lets the Worker know its key and gives it its credit, by the same routes as an
 * operator would. Each may be repeated. Throws `CommandError`.
 */
export async function openDevelopmentAccount(url: string, credentials: DevelopmentCredentials): Promise<void> {
  const order = async (method: string, path: string, body: object) => {
    const response = await fetch(`${url}/v1/admin/accounts/${developmentAccount}${path}`, {
      method,
      headers: { authorization: `Bearer ${credentials.adminSecret}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new CommandError(`The development account was not set up: ${await response.text()}`);
  };
  const sha256 = await hashApiKey(credentials.apiKey);
  // One machine's developer is never too fast for it.
  const terms = { name: "development", requests_per_minute: requestsPerMinuteMax };
  await order("PUT", "", { name: "Development" });
  await order("POST", "/keys", { ...terms, sha256 });
  await order("POST", "/grants", { grant_id: "development", micro_usd: developmentCreditMicroUsd });
}
