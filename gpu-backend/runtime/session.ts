import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { arch, cpus } from "node:os";
import { env, InferenceSession } from "onnxruntime-node";
import { AppError } from "../../shared/errors.ts";
import { type Execution, halfNeeds, howToGet } from "./execution.ts";
import type { GraphCache } from "./graph-cache.ts";
import { runtimeFault } from "./runtime-fault.ts";

/** Where a session's graph is, and how it is to run. */
export interface SessionSource {
  readonly path: string;
  /** The graph's key in the manifest, for messages. */
  readonly name: string;
  /** Of all that the graph is made of. */
  readonly digest: string;
  /** Its size when it is loaded. */
  readonly bytes: number;
  readonly execution: Execution;
  /** Whether it computes in half precision where the device can. */
  readonly isHalf: boolean;
  readonly cache: GraphCache | undefined;
}

/** The runtime's own messages quote values (an index out of range, for one), so it must not print any. */
export const logSeverityLevel = 4;

/** Another way of optimising or of storing gives other keys. */
const cacheForm = 1;

/**
 * Beside the graph, because a file of ours may be larger than the 2 GB of a protobuf, and can be mapped into memory.
 */
const weightsFile = "weights.bin";

/**
 * Loads a graph: as it was optimised at an earlier start, if it was, else from the bundle, and then keeps the optimised
 * form. Both give the same bytes. Throws `AppError` when the file cannot be loaded.
 */
export async function openSession(source: SessionSource): Promise<InferenceSession> {
  const { path, name, execution } = source;
  try {
    return (await openOptimised(source)) ?? (await InferenceSession.create(path, optionsOf(execution)));
  } catch (cause) {
    const hints = [howToGet[execution.provider], source.isHalf ? halfNeeds[execution.provider] : ""];
    const message = [`Graph ${name}: ${path} cannot be loaded.`, ...hints].join(" ").trim();
    throw new AppError(message, { cause, fault: runtimeFault(cause) });
  }
}

/** Undefined where nothing is kept. Only the processor's graphs are: of others, parts are compiled for the device. */
async function openOptimised(source: SessionSource): Promise<InferenceSession | undefined> {
  const { execution, cache } = source;
  if (cache === undefined || execution.provider !== "cpu") return undefined;
  const key = keyOf(source);
  const kept = await cache.find(key);
  if (kept === undefined) return optimise(source, cache, key);
  const options = { ...optionsOf(execution), graphOptimizationLevel: "disabled" } as const;
  const session = await InferenceSession.create(kept, options).catch(() => undefined);
  if (session !== undefined) return session;
  await cache.remove(key);
  return optimise(source, cache, key);
}

/** A session of the bundle's graph whose optimised form is written on the way; undefined when that failed. */
async function optimise(
  { path, bytes, execution }: SessionSource,
  cache: GraphCache,
  key: string,
): Promise<InferenceSession | undefined> {
  let session: InferenceSession | undefined;
  await cache.store(key, bytes, async (optimizedModelFilePath) => {
    const extra = { session: { optimized_model_external_initializers_file_name: weightsFile } };
    session = await InferenceSession.create(path, { ...optionsOf(execution), optimizedModelFilePath, extra });
  });
  return session;
}

/**
 * Without memory patterns: they lay out a second run's working memory anew, in one block beside what the first one took
 * and the arena keeps. No run was seen to be slower without.
 */
function optionsOf({ provider, intraOpThreads }: Execution): InferenceSession.SessionOptions {
  const threads = { intraOpNumThreads: intraOpThreads };
  return { executionProviders: [provider], ...threads, enableMemPattern: false, logSeverityLevel };
}

/** Layouts of weights are chosen for the processor, so its kind is part of the key. */
function keyOf({ digest, execution }: SessionSource): string {
  const parts = [cacheForm, digest, env.versions.node, execution.provider, processor()];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** What rounding on the processor depends on beside a graph: the runtime's version, its threads, the processor. */
export function cpuContext(intraOpThreads: number): readonly unknown[] {
  return [env.versions.node, intraOpThreads, processor()];
}

/** The processor's model and, if the system lists them, its features, which a virtual machine may hide. */
function processor(): string {
  const model = `${arch()} ${cpus()[0]?.model ?? ""}`;
  try {
    return `${model} ${/^flags.*$/mu.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[0] ?? ""}`;
  } catch {
    return model;
  }
}
