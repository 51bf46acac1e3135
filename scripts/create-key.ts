import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { apiKeyRandomBytes, formatApiKey, hashApiKey } from "../workers/auth/api-key.ts";
import { isAccountId } from "../workers/auth/key-directory.ts";
import { CommandError, runCommand } from "./command-line.ts";

const help = `Creates an API key, and prints the commands that register it with a deployed Worker.

  npm run key:create -- --account NAME [--name LABEL]

Options
  --account NAME   the account: 1 to 64 of a-z 0-9 . _ - that begin with a letter or digit
  --name LABEL     the key's label: at most 128 of A-Z a-z 0-9 space . _ - (default "default")
  --help

The key is printed once and stored nowhere: the Worker stores only its SHA-256.
`;

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      account: { type: "string" },
      name: { type: "string", default: "default" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  const { account, name } = values;
  if (account === undefined || !isAccountId(account)) {
    throw new CommandError("--account is needed: 1 to 64 of a-z 0-9 . _ - beginning with a letter or digit.", 2);
  }
  // The label becomes part of a command that is pasted into a shell.
  if (!/^[\w .-]{1,128}$/u.test(name)) throw new CommandError("--name is 1 to 128 of A-Z a-z 0-9 space . _ -.", 2);

  const key = await formatApiKey(randomBytes(apiKeyRandomBytes));
  const order = JSON.stringify({ name, sha256: await hashApiKey(key) });
  const url = `"$WORKER_URL/v1/admin/accounts/${account}`;
  const headers = `-H "Authorization: Bearer $ADMIN_SECRET" -H "Content-Type: application/json"`;
  console.log(`API key of ${account}, shown only this once:

  ${key}

These commands open the account, register the key by its SHA-256, and grant the account 10 USD (a grant_id counts
once):

  curl -X PUT ${url}" ${headers} -d '{}'
  curl ${url}/keys" ${headers} -d '${order}'
  curl ${url}/grants" ${headers} -d '{"grant_id": "first", "micro_usd": 10000000}'

Without sha256, the Worker creates the key and returns it. Scopes, expiry, rate and budget: docs/accounts.md.
`);
});
