import type { BackendFault } from "../../shared/backend-fault.ts";

/**
 * What ONNX Runtime and its providers say of memory: `std::bad_alloc` (CPU), "Failed to allocate memory for requested
 * buffer" (BFCArena), "out of memory" (CUDA's error 2, WebGPU).
 */
const memoryText = /bad_alloc|bad allocation|fail(?:ed|ure)? to allocate|allocation failed|out of memory/iu;

/** What it says of files: protobuf that does not parse, a missing file, external data that is too short. */
const fileText = /protobuf|load model from .* failed|file doesn't exist|no such file|external data|invalid model/iu;

/**
 * The kind of a runtime's error. Its text is only compared with known phrases: it may quote values, and goes nowhere.
 */
export function runtimeFault(error: unknown): BackendFault | undefined {
  const text = error instanceof Error ? error.message : "";
  if (memoryText.test(text)) return "out_of_memory";
  return fileText.test(text) ? "bundle_damaged" : undefined;
}
