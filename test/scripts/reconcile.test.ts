import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { useTinyStack } from "../support/tiny-stack.ts";

// `npm run reconcile` as an operator runs it, against a real Worker.

const script = resolve(import.meta.dirname, "../../scripts/reconcile.ts");

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function reconcile(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [script, ...args], { env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

describe("npm run reconcile", () => {
  const stack = useTinyStack();

  test("reports what it compared, and that nothing differs after a picture was charged", async () => {
    const { url, apiKey, adminSecret } = stack();
    const made = await fetch(`${url}/v1/images/generations`, {
      method: "POST",
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({ prompt: "apple", seed: 5 }),
    });
    expect(made.status).toBe(200);
    const { code, stdout, stderr } = await reconcile({ WORKER_URL: url, ADMIN_SECRET: adminSecret });
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ accounts: 1, unrepaired: [] });
  });

  test("with a wrong secret ends with 1 and the Worker's status, and does not show the secret", async () => {
    const { code, stdout, stderr } = await reconcile({ WORKER_URL: stack().url, ADMIN_SECRET: "not-the-secret" });
    expect(code).toBe(1);
    expect(stderr).toContain("401");
    expect(stdout + stderr).not.toContain("not-the-secret");
  });
});

test("npm run reconcile without its environment names what is missing, and ends with 2", async () => {
  const { code, stderr } = await reconcile({});
  expect(code).toBe(2);
  expect(stderr).toContain("WORKER_URL and ADMIN_SECRET");
});

test("npm run reconcile --help says what it does and needs no Worker", async () => {
  const { code, stdout } = await reconcile({}, "--help");
  expect(code).toBe(0);
  expect(stdout).toContain("Makes a Worker compare its ledgers");
});
