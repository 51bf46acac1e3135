import type { Float32Tensor } from "./host-tensor.ts";

/** One network of a bundle, whatever runtime runs it. Rejects when the runtime does. */
export interface DecoderGraph {
  /** Returns its one output. The inputs have the names of the manifest. */
  run(inputs: Readonly<Record<string, Float32Tensor>>): Promise<Float32Tensor>;
}

/** The networks that turn a latent into a picture. */
export interface DecoderGraphs {
  readonly stageBConditioner: DecoderGraph;
  readonly stageB: DecoderGraph;
  readonly stageA: DecoderGraph;
}
