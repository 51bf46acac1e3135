import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { hashApiKey, isWellFormedApiKey } from "../../workers/auth/api-key.ts";

const script = join(import.meta.dirname, "../../scripts/wuerstchen.ts");
const run = promisify(execFile);

test("a created key is well formed, and the command stores its hash and never the key", async () => {
  const { stdout } = await run(process.execPath, [
    script,
    "keys",
    "create",
    "--account",
    "team-1",
    "--name",
    "my laptop",
  ]);
  const key = /we_\w+/u.exec(stdout)?.[0] ?? "";
  expect(await isWellFormedApiKey(key)).toBe(true);
  const command = stdout.slice(stdout.indexOf("curl"));
  expect(command).toContain("/v1/admin/accounts/team-1/keys");
  expect(command).toContain(`'{"name":"my laptop","sha256":"${await hashApiKey(key)}"}'`);
  expect(command).not.toContain(key);
});

test.each([
  ["no account", []],
  ["an account that is no id", ["--account", "Team 1"]],
  ["a label that a shell would read", ["--account", "a", "--name", "it's"]],
  ["an unknown option", ["--acount", "a"]],
])("%s is refused with exit code 2 and no key", async (_, options) => {
  const outcome = run(process.execPath, [script, "keys", "create", ...options]);
  await expect(outcome).rejects.toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(/\S/u) });
});
