/** What the process tells its caller by its exit code. docs/cli.md documents each of them. */
export const exitCodes = {
  success: 0,
  /** Anything else: a fault that `doctor` found, a file that cannot be written, a bug. */
  failure: 1,
  usage: 2,
  /** The service refused the request. The same request fails again. */
  refused: 3,
  /** The service cannot be reached, is busy or failed. The same request may succeed later. */
  unavailable: 4,
  /** By convention, 128 and the number of SIGINT. */
  interrupted: 130,
} as const;

/** One of the exit codes. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
