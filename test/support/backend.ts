import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { signRequest } from "../../shared/wire/request-signature.ts";
import { stageCTarget } from "../../shared/wire/stage-c.ts";
import type { TaskTerms } from "../../shared/wire/task-terms.ts";
import { modelsDirectory } from "./tiny-bundle.ts";

const mainPath = join(import.meta.dirname, "../../gpu-backend/main.ts");

/** The secret of every backend in the tests. */
export const backendSecret = "a secret for tests, 32 characters";

/** A backend in a process of its own, on a port of its own, with the tiny bundle. */
export interface Backend {
  readonly url: string;
  readonly process: ChildProcess;
  /** Every line that it and its lanes have printed so far. */
  readonly lines: readonly string[];
  /** The parsed log lines with this message. */
  logged(message: string): Record<string, unknown>[];
  stop(): Promise<void>;
}

/** Starts a backend and waits until its models are loaded. */
export async function startBackend(environment: Readonly<Record<string, string>> = {}): Promise<Backend> {
  const child = spawnMain({
    GPU_BACKEND_SECRET: backendSecret,
    MODELS_DIR: modelsDirectory,
    MODEL_ID: "tiny",
    PORT: "0",
    INTRA_OP_THREADS: "1",
    GRAPH_CACHE_MEGABYTES: "0",
    // Tests run side by side with other work.
    LANE_NICE: "0",
    STDIN_CLOSE_EXITS: "1",
    ...environment,
  });
  const lines: string[] = [];
  child.stderr?.on("data", (chunk: Buffer) => lines.push(chunk.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    child.once("exit", () => reject(new Error(`The backend ended: ${lines.join("\n")}`)));
    createInterface({ input: child.stdout ?? process.stdin }).on("line", (line) => {
      lines.push(line);
      const entry = parseLine(line);
      if (entry["msg"] === "ready") resolve(String(entry["url"]));
    });
  });
  return {
    url,
    process: child,
    lines,
    logged: (message) => lines.map(parseLine).filter((entry) => entry["msg"] === message),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

/** What Node itself needs, and what shifts its clock as this process's is (test/clocks). */
const inherited = ["PATH", "LD_PRELOAD", "CLOCK_SHIFT_SECONDS"];

/** Runs the backend's entry with nothing but this environment and what it inherits. */
export function spawnMain(environment: Readonly<Record<string, string>>): ChildProcess {
  const known = Object.entries(process.env).filter(([name]) => inherited.includes(name));
  const env = { ...Object.fromEntries(known), ...environment };
  return spawn(process.execPath, [mainPath], { env, stdio: ["pipe", "pipe", "pipe"] });
}

/** A request to the backend before it is signed. */
export interface Draft {
  readonly target: string;
  readonly contentType: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly secret?: string;
  readonly timestampSeconds?: number;
}

/** The headers that make a draft acceptable. */
export async function signedHeaders(draft: Draft): Promise<Record<string, string>> {
  const stamp = {
    timestampSeconds: draft.timestampSeconds ?? Math.floor(Date.now() / 1000),
    nonce: randomBytes(16).toString("hex"),
  };
  const request = { method: "POST", target: draft.target, body: draft.body };
  const signature = await signRequest(draft.secret ?? backendSecret, request, stamp);
  return { ...signature, "content-type": draft.contentType };
}

/** Signs and sends. */
export async function send(backend: Backend, draft: Draft): Promise<Response> {
  const headers = await signedHeaders(draft);
  return fetch(`${backend.url}${draft.target}`, { method: "POST", headers, body: draft.body });
}

/** The draft of a Stage C task. */
export function stageCDraft(task: unknown, terms: TaskTerms = {}): Draft {
  return {
    target: stageCTarget(terms),
    contentType: "application/json",
    body: new TextEncoder().encode(JSON.stringify(task)),
  };
}

/** The draft of a cancellation. */
export function cancelDraft(jobId: string): Draft {
  return { ...stageCDraft({ jobId }), target: "/cancel" };
}

/** The draft of a decode; `query` begins with "?". */
export function decodeDraft(latent: Uint8Array<ArrayBuffer>, query = "?format=png"): Draft {
  return { target: `/decode${query}`, contentType: "application/octet-stream", body: latent };
}

/** The draft of a picture or a mask that is to be read. */
export function pictureDraft(path: string, file: Uint8Array<ArrayBuffer>, size = "64x64"): Draft {
  return { target: `${path}?size=${size}`, contentType: "application/octet-stream", body: file };
}

/** A figure of the backend's metrics; 0 for what has not been counted yet. `name` with its labels. */
export async function metricOf({ url }: Pick<Backend, "url">, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split("\n").find((entry) => entry.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

function parseLine(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}
