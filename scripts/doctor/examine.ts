import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { freemem } from "node:os";
import { join, resolve } from "node:path";
import { availableBytes, readSystemText } from "../../gpu-backend/runtime/available-memory.ts";
import { readManifest } from "../../gpu-backend/runtime/bundle.ts";
import { bundleFolder } from "../bundle-folder.ts";
import { exitCodes } from "../cli/exit-codes.ts";
import { defaultState, root } from "../cli/folders.ts";
import { originOf } from "../cli/service.ts";
import { readSettings } from "../cli/settings.ts";
import { chosenPorts } from "../ports.ts";
import type { Check, Named } from "./check.ts";
import { deployChecks } from "./deploy-checks.ts";
import { freeDiskBytes, machineChecks } from "./machine-checks.ts";
import { runChecks } from "./run-checks.ts";
import { serviceChecks } from "./service-checks.ts";

/** What to examine; docs/cli.md describes each. */
export interface DoctorFlags {
  readonly model?: string;
  readonly bundle?: string;
  readonly state?: string;
  readonly url?: string;
  readonly key?: string;
  readonly deploy: boolean;
  readonly json: boolean;
}

const signs = { ok: "✓", warning: "!", fault: "✗" } as const;

/** Prints what each check found, and sets the exit code if one found a fault. */
export async function examine(flags: DoctorFlags): Promise<void> {
  const findings: Named[] = [];
  for (const check of await checksFor(flags)) {
    const finding = { name: check.name, ...(await check.run()) };
    findings.push(finding);
    process.stdout.write(`${flags.json ? JSON.stringify(finding) : lineOf(finding)}\n`);
  }
  if (findings.some(({ state }) => state === "fault")) process.exitCode = exitCodes.failure;
}

async function checksFor(flags: DoctorFlags): Promise<readonly Check[]> {
  const { env: environment } = process;
  if (flags.deploy) {
    const config = readFileSync(join(root, "wrangler.toml"), "utf8");
    return deployChecks({ root, config, secretNames: async () => secretNames() });
  }
  if (flags.url !== undefined) {
    const { key: apiKey } = readSettings({ key: flags.key }, environment);
    return serviceChecks({ url: originOf(flags.url), apiKey, nowMs: Date.now });
  }
  const bundle = bundleFolder(root, flags, environment);
  const state = resolve(flags.state ?? defaultState(environment));
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
