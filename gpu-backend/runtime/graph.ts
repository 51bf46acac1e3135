import { join } from "node:path";
import { type InferenceSession, Tensor } from "onnxruntime-node";
import type { BackendFault } from "../../shared/backend-fault.ts";
import {
  describeTensor,
  type Float32Tensor,
  float32Tensor,
  type HostTensor,
} from "../../shared/decoding/host-tensor.ts";
import { AppError } from "../../shared/errors.ts";
import { graphDigest, loadedBytes } from "../../shared/models/graph-size.ts";
import type { Manifest, ManifestGraph } from "../../shared/models/manifest.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Execution } from "./execution.ts";
import type { GraphCache } from "./graph-cache.ts";
import { type NamedTensors, portFault } from "./port-check.ts";
import { runtimeFault } from "./runtime-fault.ts";
import { logSeverityLevel, openSession } from "./session.ts";

/** One loaded graph of a bundle. */
export interface Graph {
  /**
   * Its one output. Blocks the thread while it computes. Throws `AppError` naming the graph, dtypes and shapes when
   * the inputs do not fit or the runtime fails; never a value.
   */
  run(inputs: NamedTensors): Promise<Float32Tensor>;
}

/** A graph whose memory can be given back. */
export interface LoadedGraph extends Graph {
  /** Frees weights and working memory; the graph must not be run again. */
  release(): Promise<void>;
}

/** Where a graph is and how it is to run. */
export interface GraphSource {
  readonly directory: string;
  /** The graph's key in the manifest, for messages. */
  readonly name: string;
  readonly graph: ManifestGraph;
  /** The manifest's, of all files. */
  readonly files: Manifest["files"];
  readonly execution: Execution;
  /** Where optimised graphs are kept, if anywhere. */
  readonly cache?: GraphCache | undefined;
}

/**
 * Loads a graph. Loading it again after `release` leaves some hundred kilobytes behind. Throws `AppError` when the file
 * is no graph, or not the one that the manifest describes.
 */
export async function openGraph(source: GraphSource): Promise<LoadedGraph> {
  const { directory, name, graph, files, execution, cache } = source;
  const digest = graphDigest({ files }, graph);
  const bytes = loadedBytes({ files }, graph);
  const path = join(directory, graph.file);
  const isHalf = graph.precision === "half";
  const session = await openSession({ path, name, digest, bytes, execution, isHalf, cache });
  const [output] = graph.outputs;
  const inputNames = graph.inputs.map((port) => port.name);
  if (output?.dtype !== "float32" || !sameNames(session.inputNames, inputNames)) {
    throw new AppError(`Graph ${name}: ${graph.file} does not take the inputs that the manifest names.`);
  }
  if (!session.outputNames.includes(output.name)) {
    throw new AppError(`Graph ${name}: ${graph.file} does not give ${output.name}, which the manifest names.`);
  }
  return {
    run: (inputs) => runSession({ session, name, graph, outputName: output.name }, inputs),
    release: () => session.release(),
  };
}

interface OpenSession {
  readonly session: InferenceSession;
  readonly name: string;
  readonly graph: ManifestGraph;
  readonly outputName: string;
}

async function runSession(
  { session, name, graph, outputName }: OpenSession,
  inputs: NamedTensors,
): Promise<Float32Tensor> {
  const fault = portFault(graph, inputs);
  if (fault !== undefined) throw new AppError(`Graph ${name}: ${fault}.`);
  const feeds = Object.fromEntries(graph.inputs.map(({ name: port }) => [port, toOrt(inputs[port])]));
  const ran = await runQuietly(() => session.run(feeds, [outputName], { logSeverityLevel }));
  const output = ran.ok ? ran.value[outputName] : undefined;
  if (output?.type !== "float32" || !(output.data instanceof Float32Array)) {
    const given = Object.entries(inputs).map(([port, tensor]) => `${port} ${describeTensor(tensor)}`);
    throw new AppError(`Graph ${name} failed on ${given.join(", ")}.`, { fault: ran.ok ? undefined : ran.error });
  }
  return float32Tensor(output.data, output.dims);
}

/** Keeps only the kind of the runtime's error, because its message may quote values; the caller says what failed. */
async function runQuietly<Value>(run: () => Promise<Value>): Promise<Result<Value, BackendFault | undefined>> {
  try {
    return ok(await run());
  } catch (error) {
    return err(runtimeFault(error));
  }
}

function toOrt(tensor: HostTensor | undefined): Tensor {
  if (tensor?.dtype === "int64") return new Tensor("int64", tensor.data, tensor.shape);
  return new Tensor("float32", tensor?.data ?? new Float32Array(), tensor?.shape ?? [0]);
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}
