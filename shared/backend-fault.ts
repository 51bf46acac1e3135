/** Why a run failed at a backend, as far as it matters for a retry. */
export const backendFaults = [
  /** The networks produced a value that is not finite. */
  "not_finite",
  "out_of_memory",
  /** The run took longer than the backend allows any run. */
  "timed_out",
  /** A file of the bundle can no longer be loaded. */
  "bundle_damaged",
  /** The inference process ended during the run. */
  "process_died",
] as const;

/** One of `backendFaults`. */
export type BackendFault = (typeof backendFaults)[number];

/**
 * Whether the same request fails in the same way on every backend of the same bundle: then another backend costs a run
 * and gains nothing. Memory, speed, files and processes differ between backends; the arithmetic does not.
 */
export function isDeterministicFault(fault: BackendFault | undefined): boolean {
  return fault === "not_finite";
}

/** The error message for a failed run. */
export function failedRunText(kind: BackendFault | undefined): string {
  switch (kind) {
    case "not_finite":
      return "The model produced values that are not finite, and a retry would too. Nothing was charged; change the request.";
    case "out_of_memory":
      return "The image backend ran out of memory on this request. Nothing was charged; request a smaller picture.";
    case "timed_out":
      return "The image backend stopped this request because it took too long. Nothing was charged; request less.";
    case "bundle_damaged":
    case "process_died":
    case undefined:
      return "The image backend failed on this request. Nothing was charged; try again.";
  }
}
