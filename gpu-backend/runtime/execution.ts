/** What can compute. */
export const executionProviders = ["cpu", "webgpu", "cuda"] as const;

/** One of them. */
export type ExecutionProvider = (typeof executionProviders)[number];

/** How graphs are run. */
export interface Execution {
  readonly provider: ExecutionProvider;
  /** Threads of one operator on the processor, 1 or more. */
  readonly intraOpThreads: number;
}

/** What a provider needs for graphs in half precision. A processor computes them in float32. */
export const halfNeeds: Readonly<Record<ExecutionProvider, string>> = {
  cpu: "",
  webgpu: "It is in half precision, for which the driver must have 16-bit numbers in shaders (shader-f16).",
  cuda: "",
};

/** What a provider needs that `npm ci` does not bring. */
export const howToGet: Readonly<Record<ExecutionProvider, string>> = {
  cpu: "",
  webgpu:
    "PROVIDER=webgpu needs a graphics card with a driver for Vulkan (Linux), Direct3D 12 (Windows) or Metal (macOS).",
  cuda: "PROVIDER=cuda needs an NVIDIA card, the libraries of CUDA 12 and cuDNN 9, and `npm run cuda:install`.",
};
