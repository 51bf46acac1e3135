import { type Command, Option } from "commander";
import { guidanceScaleMax, imagesPerRequestMax, seedMax, stepsMax } from "../../shared/limits.ts";
import { anyNumber, wholeNumber } from "../command-line.ts";

/** How pictures are sampled, as given; whatever is absent is the service's default. */
export interface SamplingFlags {
  readonly seed?: string;
  readonly n?: string;
  readonly steps?: string;
  readonly guidance?: string;
  readonly negative?: string;
  readonly size?: string;
  readonly reuse?: "prefer" | "fresh" | "similar";
}

/** The options of every command that runs Stage C. */
export function withSamplingOptions(command: Command, reuse: readonly string[]): Command {
  return command
    .option("--seed <n>", `0 to ${seedMax}; the same request with the same seed returns the same picture`)
    .option("--n <n>", `number of pictures, 1 to ${imagesPerRequestMax}; picture i has seed + i`)
    .option("--steps <n>", "number of sampling steps")
    .option("--guidance <x>", "guidance scale: how closely the picture follows the text")
    .option("--negative <text>", "what the picture should not show")
    .option("--size <WxH>", "a size that the model offers")
    .addOption(new Option("--reuse <mode>", "whether stored latents may serve").choices(reuse));
}

/** The fields of a request. Throws `CommandError` on what is no number, or out of its range. */
export function samplingFields(flags: SamplingFlags) {
  return {
    n: wholeNumber("--n", flags.n, { min: 1, max: imagesPerRequestMax }) ?? 1,
    ...withoutAbsent({
      seed: wholeNumber("--seed", flags.seed, { min: 0, max: seedMax }),
      steps: wholeNumber("--steps", flags.steps, { min: 1, max: stepsMax }),
      guidance_scale: anyNumber("--guidance", flags.guidance, { min: 0, max: guidanceScaleMax }),
      negative_prompt: flags.negative,
      size: flags.size,
    }),
  };
}

/** The fields that have a value. */
export function withoutAbsent<Fields extends object>(
  fields: Fields,
): { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> } {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined);
  // Entries of an object make an object with some of its fields.
  return Object.fromEntries(present) as { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };
}
