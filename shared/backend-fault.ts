/** Why a run failed at a backend, as far as it matters to whoever asks again. */
export const backendFaults = [
  /** The networks produced a value that is not finite. */
  "not_finite",
  "out_of_memory",
  /** The run took longer than the backend allows any run. */
  "timed_out",
  /** A file of the bundle cannot be loaded any more. */
  "bundle_damaged",
  /** The process that computes ended in mid-run. */
  "process_died",
] as const;

/** One of `backendFaults`. */
export type BackendFault = (typeof backendFaults)[number];

/**
 * Whether the same request fails in the same way on every backend of the same bundle, so that asking another one costs a
 * run and gains nothing. Memory, speed, files and processes differ between backends; the arithmetic does not.
 */
export function isDeterministicFault(fault: BackendFault | undefined): boolean {
  return fault === "not_finite";
}

/** What a client is told of a failed run. */
export function failedRunText(kind: BackendFault | undefined): string {
  switch (kind) {
    case "not_finite":
      return "The model produced values that are not finite, and would again. Nothing was charged; change the request.";
    case "out_of_memory":
      return "The image backend ran out of memory on this request. Nothing was charged; ask for a smaller picture.";
    case "timed_out":
      return "The image backend stopped this request, which took too long. Nothing was charged; ask for less.";
    case "bundle_damaged":
    case "process_died":
    case undefined:
      return "The image backend failed on this request. Nothing was charged; try again.";
  }
}
