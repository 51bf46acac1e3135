/** What computes: the processor, or an NVIDIA card once `npm run cuda:install` has fetched its libraries. */
export const executionProviders = ["cpu", "cuda"] as const;

/** How graphs are run. */
export interface Execution {
  readonly provider: (typeof executionProviders)[number];
  /** Threads of one operator on the processor, 1 or more. */
  readonly intraOpThreads: number;
}
