import { seedMax } from "../limits.ts";

/** The seed that a latent file names, 0…2³²−1, or undefined when what it names is none. */
export function latentSeed({ seed }: { readonly seed: string }): number | undefined {
  const value = /^\d{1,10}$/u.test(seed) ? Number(seed) : Number.NaN;
  return value <= seedMax ? value : undefined;
}
