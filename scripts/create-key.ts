import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { apiKeyRandomBytes, formatApiKey, hashApiKey } from "../workers/auth/api-key.ts";
import { type ApiKeyRecord, apiKeyRecordKey, isAccountId } from "../workers/auth/api-key-record.ts";
import { CommandError, runCommand } from "./command-line.ts";

const help = `Makes an API key and the commands that let a deployed Worker know it.

  npm run key:create -- --account NAME [--name LABEL]

Options
  --account NAME   whose key it is: 1 to 64 of a-z 0-9 . _ - beginning with a letter or digit
  --name LABEL     what the key is for, at most 128 of A-Z a-z 0-9 space . _ - (default "default")
  --help

The key is printed once and stored nowhere: the Worker keeps only its SHA-256.
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
  const record: ApiKeyRecord = { account, name, created: new Date().toISOString() };
  const recordKey = apiKeyRecordKey(await hashApiKey(key));
  console.log(`API key of ${account}, shown only this once:

  ${key}

Let the deployed Worker know it (it takes up to a minute to be known everywhere):

  npx wrangler kv key put --remote --binding API_KEYS '${recordKey}' '${JSON.stringify(record)}'

An account begins without credit. Give it 10 USD (a grant_id counts once):

  curl "$WORKER_URL/v1/admin/accounts/${account}/grants" -H "Authorization: Bearer $ADMIN_SECRET" \\
    -H "Content-Type: application/json" -d '{"grant_id": "first", "micro_usd": 10000000}'
`);
});
