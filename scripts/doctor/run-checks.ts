import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readConfig } from "../../gpu-backend/config.ts";
import { readBundle } from "../../gpu-backend/runtime/bundle.ts";
import { chooseProvider } from "../../gpu-backend/runtime/choose-provider.ts";
import { howToGet } from "../../gpu-backend/runtime/execution.ts";
import { isWellFormedApiKey } from "../../workers/auth/api-key.ts";
import { claimState, randomSecret } from "../local-state.ts";
import { storageOf } from "../local-worker.ts";
import { freePort } from "../ports.ts";
import { checkStorage } from "../storage-check.ts";
import { type Check, type Finding, fault, found, reasonOf, warning } from "./check.ts";

/** What `npm start` is about to use. */
export interface LocalRun {
  readonly bundle: string;
  readonly state: string;
  readonly port: number;
  readonly backendPort: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A graphics card compiles for a while the first time; what takes longer counts as absent. */
const providerMsMax = 60_000;

/**
 * Whatever could keep `npm start` from working: settings, ports, the state folder, its database, its key, the bundle,
 * the provider.
 */
export function runChecks(run: LocalRun): readonly Check[] {
  return [
    { name: "environment", run: () => checkEnvironment(run) },
    { name: "edge's port", run: () => checkPort(run.port, "PORT") },
    { name: "backend's port", run: () => checkPort(run.backendPort, "BACKEND_PORT") },
    { name: "state folder", run: () => checkState(run.state) },
    { name: "stored data", run: () => checkStored(run.state) },
    { name: "development key", run: () => checkKey(run.state) },
    { name: "bundle", run: () => checkBundle(run.bundle) },
    { name: "provider", run: () => checkProvider(run) },
  ];
}

function checkEnvironment({ environment }: LocalRun): Finding {
  try {
    // Ports are the start script's own, and a local run makes its own secret.
    readConfig({ ...environment, PORT: undefined, GPU_BACKEND_SECRET: randomSecret() });
    return found("the backend's settings are valid");
  } catch (error) {
    return fault(reasonOf(error), "Correct or unset the variables named.");
  }
}

async function checkPort(port: number, variable: string): Promise<Finding> {
  try {
    return found(String(await freePort(port, variable)));
  } catch (error) {
    return fault(reasonOf(error), `Stop what listens there, or set ${variable} to another port.`);
  }
}

function checkState(state: string): Finding {
  try {
    claimState(state).release();
    return found(state);
  } catch (error) {
    return fault(reasonOf(error), "Stop that process, or name another folder with --state.");
  }
}

function checkStored(state: string): Finding {
  const storage = storageOf(state);
  if (!existsSync(storage)) return found("none yet");
  try {
    checkStorage(storage);
    return found("every database file is whole");
  } catch (error) {
    return fault(reasonOf(error), "Delete the folder named, or put a copy of it back.");
  }
}

async function checkKey(state: string): Promise<Finding> {
  const path = join(state, "development-key");
  if (!existsSync(path)) return found("none yet: the next start makes it");
  if (await isWellFormedApiKey(readFileSync(path, "utf8").trim())) return found(path);
  return fault(`${path} does not hold a key.`, "Delete the file: the next start makes a new key.");
}

async function checkBundle(folder: string): Promise<Finding> {
  try {
    const { manifest } = await readBundle(folder);
    return found(`${manifest.id}, ${Object.keys(manifest.files).length} files as their digests say`);
  } catch (error) {
    return fault(reasonOf(error), "Restore the file: `git checkout -- gpu-backend/models`, or import the model again.");
  }
}

async function checkProvider({ bundle, environment }: LocalRun): Promise<Finding> {
  const wanted = environment["PROVIDER"] ?? "cpu";
  const { provider, trials } = await chooseProvider(
    { directory: bundle, intraOpThreads: 1 },
    environment,
    providerMsMax,
  );
  const works = trials.flatMap(({ provider: name, milliseconds }) =>
    milliseconds === undefined ? [] : [`${name} (${milliseconds.toFixed(0)} ms)`],
  );
  const detail = `Stage A runs on ${works.join(", ") || "nothing"}`;
  if (works.length === 0) return fault(`${detail}.`, "Mend the bundle first; then run `npm ci`.");
  const trial = trials.find(({ provider: name }) => name === wanted);
  if (wanted === "auto" || trial?.milliseconds !== undefined) {
    return provider === wanted || wanted === "auto" ? found(detail) : slower(detail, provider);
  }
  const how = Object.entries(howToGet).find(([name]) => name === wanted)?.[1];
  return fault(`PROVIDER=${wanted} does not run here: ${trial?.reason ?? "no answer"}`, how || "Set PROVIDER=auto.");
}

function slower(detail: string, provider: string): Finding {
  return warning(`${detail}, and PROVIDER names a slower one.`, `Set PROVIDER=${provider}, or PROVIDER=auto.`);
}
