/** What computes. */
export const executionProviders = ["cpu", "cuda"] as const;

/** How graphs are run. */
export interface Execution {
  readonly provider: (typeof executionProviders)[number];
  /** Threads of one operator on the processor, 1 or more. */
  readonly intraOpThreads: number;
}

/** What a provider needs that `npm ci` does not bring. */
export const howToGet: Readonly<Record<Execution["provider"], string>> = {
  cpu: "",
  cuda: "PROVIDER=cuda needs an NVIDIA card and `npm run cuda:install`.",
};
