import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { freemem } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { availableBytes, readSystemText } from "../gpu-backend/runtime/available-memory.ts";
import { readManifest } from "../gpu-backend/runtime/bundle.ts";
import { bundleFolder } from "./bundle-folder.ts";
import { runCommand } from "./command-line.ts";
import type { Check, Named } from "./doctor/check.ts";
import { deployChecks } from "./doctor/deploy-checks.ts";
import { freeDiskBytes, machineChecks } from "./doctor/machine-checks.ts";
import { runChecks } from "./doctor/run-checks.ts";
import { serviceChecks } from "./doctor/service-checks.ts";
import { chosenPorts } from "./ports.ts";

const help = `Checks what keeps the service from working, and says how to mend it.

  npm run doctor                                    this machine, before \`npm start\`
  npm run doctor -- --url https://… --key we_…      a running service: reachable, clock, key
  npm run doctor -- --deploy                        wrangler.toml and the deployed Worker's secrets

Options
  --model ID, --bundle DIR, --state DIR   as for \`npm start\`
  --url URL      address of a service, without /v1
  --key KEY      API key for --url (default WUERSTCHEN_API_KEY)
  --deploy       check a deployment instead of this machine
  --json         one line of JSON for each check: {"name","state","detail","fix"}
  --help

Exit codes: 0 nothing to mend; 1 a fault; 2 wrong usage.
`;

const root = resolve(import.meta.dirname, "..");

const options = {
  model: { type: "string" },
  bundle: { type: "string" },
  state: { type: "string" },
  url: { type: "string" },
  key: { type: "string" },
  deploy: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const signs = { ok: "✓", warning: "!", fault: "✗" } as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>["values"];

await runCommand(async () => {
  const { values } = parseArgs({ options });
  if (values.help) return void process.stdout.write(help);
  const findings: Named[] = [];
  for (const check of await checksFor(values)) {
    const finding = { name: check.name, ...(await check.run()) };
    findings.push(finding);
    process.stdout.write(`${values.json ? JSON.stringify(finding) : lineOf(finding)}\n`);
  }
  if (findings.some(({ state }) => state === "fault")) process.exitCode = 1;
});

async function checksFor(values: Values): Promise<readonly Check[]> {
  const { env: environment } = process;
  if (values.deploy) {
    const config = readFileSync(join(root, "wrangler.toml"), "utf8");
    return deployChecks({ root, config, secretNames: async () => secretNames() });
  }
  if (values.url !== undefined) {
    const apiKey = values.key ?? environment["WUERSTCHEN_API_KEY"];
    return serviceChecks({ url: values.url, apiKey, nowMs: Date.now });
  }
  const bundle = bundleFolder(root, values, environment);
  const state = resolve(values.state ?? join(root, ".state"));
  const machine = {
    root,
    nodeVersion: process.versions.node,
    availableBytes: availableBytes(readSystemText, freemem()),
    freeDiskBytes,
  };
  const manifest = await readManifest(bundle).catch(() => undefined);
  return [
    ...machineChecks(machine, state, manifest),
    ...runChecks({ bundle, state, environment, ...chosenPorts(environment) }),
  ];
}

/** By Wrangler, which knows who is signed in. Undefined: it could not ask. */
function secretNames(): readonly string[] | undefined {
  const asked = spawnSync("npx", ["wrangler", "secret", "list", "--format", "json"], { cwd: root, encoding: "utf8" });
  if (asked.status !== 0) return undefined;
  const listed: readonly { readonly name: string }[] = JSON.parse(asked.stdout);
  return listed.map(({ name }) => name);
}

function lineOf(finding: Named): string {
  const line = `${signs[finding.state]} ${finding.name}: ${finding.detail}`;
  return finding.state === "ok" ? line : `${line}\n    ${finding.fix}`;
}
