import runtimeUrl from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import type { DecoderGraph, DecoderGraphs } from "../../../shared/decoding/decoder-graphs.ts";
import { float32Tensor } from "../../../shared/decoding/host-tensor.ts";
import { AppError } from "../../../shared/errors.ts";
import type { Manifest, ManifestGraph } from "../../../shared/models/manifest.ts";
import { fileByDigest, type OnBytes, readAll } from "./cached-files.ts";
import { fetchFile } from "./decoder-error.ts";

/** Of onnxruntime-web 1.30.0's plain WASM file, for a progress that begins before the file does. */
const runtimeBytes = 14_239_897;

/** How many bytes a decode reads, the first time from the network. */
export function bytesToOpen({ graphs, files }: Manifest): number {
  const { stageBConditioner, stageB, stageA, previewer } = graphs;
  const needed = [stageBConditioner, stageB, stageA, ...(previewer === undefined ? [] : [previewer])];
  return needed.reduce((sum, { file }) => sum + (files[file]?.bytes ?? 0), runtimeBytes);
}

/** Fetches the runtime that opens graphs. All of these throw `DecoderError` on a file that is missing or wrong. */
export async function openRuntime(onBytes: OnBytes): Promise<void> {
  // More threads need SharedArrayBuffer and with it a page that no other site may embed anything into.
  env.wasm.numThreads = 1;
  const runtime = await fetchFile(runtimeUrl, "decoder_outdated");
  env.wasm.wasmBinary = (await readAll(runtime, onBytes)).buffer;
}

/** The network that previews; undefined for a bundle without one. */
export async function openPreviewer(manifest: Manifest, onBytes: OnBytes): Promise<DecoderGraph | undefined> {
  const { previewer } = manifest.graphs;
  return previewer && openGraph(manifest, previewer, onBytes);
}

/** The networks of Stages B and A. */
export async function openDecoder(manifest: Manifest, onBytes: OnBytes): Promise<DecoderGraphs> {
  const { graphs } = manifest;
  return {
    stageBConditioner: await openGraph(manifest, graphs.stageBConditioner, onBytes),
    stageB: await openGraph(manifest, graphs.stageB, onBytes),
    stageA: await openGraph(manifest, graphs.stageA, onBytes),
  };
}

async function openGraph(
  { files }: Manifest,
  { file, outputs }: ManifestGraph,
  onBytes: OnBytes,
): Promise<DecoderGraph> {
  const sha256 = files[file]?.sha256 ?? "";
  const bytes = await fileByDigest(`/site/model/${sha256}.onnx`, sha256, onBytes);
  const session = await InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  const [output] = outputs;
  return {
    async run(inputs) {
      const feeds = Object.fromEntries(
        Object.entries(inputs).map(([name, { data, shape }]) => [name, new Tensor("float32", data, shape)]),
      );
      const result = (await session.run(feeds))[output?.name ?? ""];
      if (!(result?.data instanceof Float32Array)) throw new AppError(`${file} gave no ${output?.name}.`);
      return float32Tensor(result.data, result.dims);
    },
  };
}
