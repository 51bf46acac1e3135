import { randomBytes } from "node:crypto";
import type { Command } from "commander";
import { answerOf, type Schemas } from "../../../shared/client/calls.ts";
import { rotationOverlapSecondsMax } from "../../../shared/limits.ts";
import { canonicalModelName, modelIdPattern } from "../../../shared/models/model-name.ts";
import { apiKeyRandomBytes, formatApiKey, hashApiKey } from "../../../workers/auth/api-key.ts";
import { isAccountId } from "../../../workers/auth/key-directory.ts";
import { CommandError, wholeNumber } from "../../command-line.ts";
import { exitCodes } from "../exit-codes.ts";
import { withExamples } from "../help.ts";
import { asOperator, type OperatorFlags, withOperatorOptions } from "../operator.ts";
import { withoutAbsent } from "../sampling-options.ts";
import { table } from "../table.ts";

interface AccountFlags extends OperatorFlags {
  readonly account: string;
}

/** `wuerstchen keys`. */
export function addKeys(program: Command): void {
  const keys = program.command("keys").description("Create, list, rotate and revoke API keys, as the operator");
  addCreate(keys);
  addList(keys);
  addRotate(keys);
  addRevoke(keys);
  withExamples(keys, {
    "wuerstchen keys create --account team-1": "a key, and the commands that register it",
    "wuerstchen keys list --account team-1 --url https://…": "WUERSTCHEN_ADMIN_SECRET holds the credential",
  });
}

interface CreateFlags extends AccountFlags {
  readonly name: string;
  readonly model?: string[];
  readonly register: boolean;
}

function addCreate(keys: Command): void {
  const command = withAccountOptions(keys.command("create"))
    .description("Make a key here and print the commands that register it, or have a service create it")
    .option("--name <label>", "at most 128 of A-Z a-z 0-9 space . _ -", "default")
    .option("--model <id...>", "the models that the key may use; those of requests that name none first (default: all)")
    .option("--register", "have the service of --url create it", false)
    .action(createKey)
    .addHelpText(
      "after",
      "\nThe key is printed once. The Worker stores only its SHA-256. Without --register no service is called.",
    );
  withExamples(command, {
    'wuerstchen keys create --account team-1 --name "my laptop"': "prints the commands",
    "wuerstchen keys create --account team-1 --register --url https://…": "prints the key",
  });
}

async function createKey(flags: CreateFlags): Promise<void> {
  const { account, name } = flags;
  if (!isAccountId(account)) {
    throw new CommandError("--account is 1 to 64 of a-z 0-9 . _ - beginning with a letter or digit.", exitCodes.usage);
  }
  // The label becomes part of a command that is pasted into a shell.
  if (!/^[\w .-]{1,128}$/u.test(name)) {
    throw new CommandError("--name is 1 to 128 of A-Z a-z 0-9 space . _ -.", exitCodes.usage);
  }
  if (flags.model?.some((id) => !modelIdPattern.test(canonicalModelName(id))) === true) {
    throw new CommandError("--model is the id of a model, such as emoji-128 or emoji-128+mine:0.8.", exitCodes.usage);
  }
  await (flags.register ? registerKey(flags) : printCommands(flags));
}

function registerKey(flags: CreateFlags): Promise<void> {
  return asOperator(flags, async ({ http }, signal) => {
    const params = { path: { account: flags.account } };
    const body = { name: flags.name, ...withoutAbsent({ models: flags.model }) };
    return shown(flags, await answerOf(http.POST("/v1/admin/accounts/{account}/keys", { params, body, signal })));
  });
}

function shown({ json }: OperatorFlags, made: Schemas["CreatedKey"]): string {
  return json === true ? JSON.stringify(made) : `${made.key}\n\nShown only this once. Its id is ${made.id}.`;
}

async function printCommands({ account, name, model: models, json }: CreateFlags): Promise<void> {
  const key = await formatApiKey(randomBytes(apiKeyRandomBytes));
  const sha256 = await hashApiKey(key);
  if (json === true) return void process.stdout.write(`${JSON.stringify({ account, name, key, sha256 })}\n`);
  const order = JSON.stringify({ name, models, sha256 });
  const url = `"$WORKER_URL/v1/admin/accounts/${account}`;
  const headers = `-H "Authorization: Bearer $ADMIN_SECRET" -H "Content-Type: application/json"`;
  process.stdout.write(`API key of ${account}, shown only this once:

  ${key}

These commands open the account, register the key by its SHA-256, and grant the account 10 USD (a grant_id counts
once):

  curl -X PUT ${url}" ${headers} -d '{}'
  curl ${url}/keys" ${headers} -d '${order}'
  curl ${url}/grants" ${headers} -d '{"grant_id": "first", "micro_usd": 10000000}'

Without sha256, the Worker creates the key and returns it. Scopes, expiry, rate and budget: docs/accounts.md.

`);
}

function addList(keys: Command): void {
  const command = withAccountOptions(keys.command("list").description("List the keys of an account, never their text"));
  command.action((flags: AccountFlags) =>
    asOperator(flags, async ({ http }, signal) => {
      const params = { path: { account: flags.account } };
      const { data } = await answerOf(http.GET("/v1/admin/accounts/{account}/keys", { params, signal }));
      if (flags.json === true) return data.map((key) => JSON.stringify(key)).join("\n");
      const rows = data.map((key) => [
        key.id,
        key.name,
        key.scopes.join(" "),
        key.revoked_at ?? key.expires_at ?? "valid",
      ]);
      return table([["id", "name", "scopes", "until"], ...rows]).trimEnd();
    }),
  );
  withExamples(command, { "wuerstchen keys list --account team-1": "" });
}

function addRotate(keys: Command): void {
  const command = withAccountOptions(
    keys
      .command("rotate")
      .description("Replace a key; the old one still works for a while")
      .argument("<key>", "its id"),
  ).option("--overlap <seconds>", "how long the old key still works", "86400");
  command.action((key: string, flags: AccountFlags & { readonly overlap: string }) =>
    asOperator(flags, async ({ http }, signal) => {
      const overlap_seconds = wholeNumber("--overlap", flags.overlap, { min: 0, max: rotationOverlapSecondsMax }) ?? 0;
      const path = "/v1/admin/accounts/{account}/keys/{key}/rotations";
      const params = { path: { account: flags.account, key } };
      const made = await answerOf(http.POST(path, { params, body: { overlap_seconds }, signal }));
      return shown(flags, made);
    }),
  );
  withExamples(command, { "wuerstchen keys rotate key_1 --account team-1 --overlap 3600": "an hour of both" });
}

function addRevoke(keys: Command): void {
  const command = withAccountOptions(
    keys.command("revoke").description("Revoke a key at once").argument("<key>", "its id"),
  );
  command.action((key: string, flags: AccountFlags) =>
    asOperator(flags, async ({ http }, signal) => {
      const params = { path: { account: flags.account, key } };
      const revoked = await answerOf(http.DELETE("/v1/admin/accounts/{account}/keys/{key}", { params, signal }));
      return flags.json === true ? JSON.stringify(revoked) : `${revoked.id} is revoked since ${revoked.revoked_at}.`;
    }),
  );
  withExamples(command, { "wuerstchen keys revoke key_1 --account team-1": "" });
}

function withAccountOptions(command: Command): Command {
  return withOperatorOptions(command.requiredOption("--account <name>", "the account"));
}
