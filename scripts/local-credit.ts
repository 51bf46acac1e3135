import { CommandError } from "./command-line.ts";
import { developmentAccount } from "./local-worker.ts";

/** 1,000 dollars: some millions of the embedded model's pictures. Given once a state folder. */
const developmentCreditMicroUsd = 1_000_000_000;

/** Gives the development account its credit by the same route as an operator would. Throws `CommandError`. */
export async function grantDevelopmentCredit(url: string, adminSecret: string): Promise<void> {
  const response = await fetch(`${url}/v1/admin/accounts/${developmentAccount}/grants`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminSecret}`, "content-type": "application/json" },
    body: JSON.stringify({ grant_id: "development", micro_usd: developmentCreditMicroUsd }),
  });
  if (!response.ok) throw new CommandError(`The development account got no credit: ${await response.text()}`);
}
