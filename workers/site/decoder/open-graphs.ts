import runtimeUrl from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import type { DecoderGraph, DecoderGraphs } from "../../../shared/decoding/decoder-graphs.ts";
import { float32Tensor } from "../../../shared/decoding/host-tensor.ts";
import { AppError } from "../../../shared/errors.ts";
import type { Manifest, ManifestGraph } from "../../../shared/models/manifest.ts";
import { fileByDigest, type OnBytes, readAll } from "./cached-files.ts";
import { fetchFile } from "./decoder-error.ts";

/** The decoder's networks on this device. A bundle may lack a previewer. */
export interface OpenGraphs extends DecoderGraphs {
  readonly previewer: DecoderGraph | undefined;
}

/** Of onnxruntime-web 1.30.0's plain WASM file, for a progress that begins before the file does. */
const runtimeBytes = 14_239_897;

/** How many bytes `openGraphs` reads, the first time from the network. */
export function bytesToOpen({ graphs, files }: Manifest): number {
  const { stageBConditioner, stageB, stageA, previewer } = graphs;
  const needed = [stageBConditioner, stageB, stageA, ...(previewer === undefined ? [] : [previewer])];
  return needed.reduce((sum, { file }) => sum + (files[file]?.bytes ?? 0), runtimeBytes);
}

/** Fetches and loads the networks. Throws `DecoderError` when a file cannot be had or is another one. */
export async function openGraphs(manifest: Manifest, onBytes: OnBytes): Promise<OpenGraphs> {
  // More threads need SharedArrayBuffer and with it a page that no other site may embed anything into.
  env.wasm.numThreads = 1;
  const runtime = await fetchFile(runtimeUrl, "decoder_outdated");
  env.wasm.wasmBinary = (await readAll(runtime, onBytes)).buffer;
  const { graphs } = manifest;
  const open = (graph: ManifestGraph) => openGraph(manifest, graph, onBytes);
  return {
    previewer: graphs.previewer && (await open(graphs.previewer)),
    stageBConditioner: await open(graphs.stageBConditioner),
    stageB: await open(graphs.stageB),
    stageA: await open(graphs.stageA),
  };
}

async function openGraph({ files }: Manifest, { file, outputs }: ManifestGraph, onBytes: OnBytes) {
  const sha256 = files[file]?.sha256 ?? "";
  const bytes = await fileByDigest(`/site/model/${sha256}.onnx`, sha256, onBytes);
  const session = await InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  const [output] = outputs;
  return {
    async run(inputs: Parameters<DecoderGraph["run"]>[0]) {
      const feeds = Object.fromEntries(
        Object.entries(inputs).map(([name, { data, shape }]) => [name, new Tensor("float32", data, shape)]),
      );
      const result = (await session.run(feeds))[output?.name ?? ""];
      if (!(result?.data instanceof Float32Array)) throw new AppError(`${file} gave no ${output?.name}.`);
      return float32Tensor(result.data, result.dims);
    },
  };
}
