import { parseArgs } from "node:util";
import { CommandError, runCommand } from "./command-line.ts";

const help = `Makes a Worker compare its ledgers with the usage table and Stripe's meter, repair what is missing, and prints the report.

  WORKER_URL=https://… ADMIN_SECRET=… npm run reconcile

The Worker does this by itself every hour. A run compares the 100 accounts that were compared longest ago.
Exit code 1: some settlements differ and could not be repaired.
`;

await runCommand(async () => {
  const { values } = parseArgs({ options: { help: { type: "boolean", default: false } } });
  if (values.help) return void process.stdout.write(help);
  const { WORKER_URL: url, ADMIN_SECRET: secret } = process.env;
  if (url === undefined || secret === undefined) {
    throw new CommandError("Set WORKER_URL and ADMIN_SECRET in the environment.", 2);
  }
  const headers = { authorization: `Bearer ${secret}` };
  const response = await fetch(new URL("/v1/admin/reconciliations", url), { method: "POST", headers });
  if (!response.ok) throw new CommandError(`The Worker answered ${response.status}.`);
  const report = (await response.json()) as { readonly unrepaired: readonly string[] };
  console.log(JSON.stringify(report, undefined, 2));
  if (report.unrepaired.length > 0) throw new CommandError(`${report.unrepaired.length} settlements still differ.`);
});
