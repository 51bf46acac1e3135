import { parseArgs } from "node:util";
import { secretCharactersMin } from "../shared/limits.ts";
import { CommandError, runCommand, wholeNumber } from "./command-line.ts";
import { startForwarder } from "./webhook-forwarder.ts";

const help = `Forwards a Worker's webhooks, and refuses names that resolve to a private network, which a Worker cannot see.

  WEBHOOK_PROXY_SECRET=… [HOST=0.0.0.0] [PORT=8790] npm run webhook-proxy

Run it behind TLS, in a network that reaches only the internet. Set the Worker's WEBHOOK_PROXY_URL to its address, and
the same secret. See docs/jobs.md.
`;

await runCommand(async () => {
  const { values } = parseArgs({ options: { help: { type: "boolean", default: false } } });
  if (values.help) return void process.stdout.write(help);
  const { WEBHOOK_PROXY_SECRET: secret = "", HOST: host = "127.0.0.1", PORT } = process.env;
  if (secret.length < secretCharactersMin) {
    throw new CommandError(`WEBHOOK_PROXY_SECRET must be at least ${secretCharactersMin} characters long.`, 2);
  }
  const port = wholeNumber("PORT", PORT, { min: 0, max: 65_535 }) ?? 8_790;
  const forwarder = await startForwarder({ host, port, secret, rules: { targets: "public", hosts: [] } });
  console.log(`Forwarding webhooks at ${forwarder.url}.`);
});
