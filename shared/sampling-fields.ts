import { z } from "zod";
import { guidanceScaleMax, stepsMax } from "./limits.ts";

/**
 * The numbers of a request that decide how Stage C samples, each declared here alone. The public fields, the OpenAPI
 * document, latent ids, tasks of the backend and the metadata of latents derive from this. A model offers a range of
 * each (`sampler.stageC` of its manifest), and `gpu-backend/pipeline/make-latent.ts` applies them.
 */
export const samplingFields = {
  steps: z.int().min(1).max(stepsMax),
  guidanceScale: z.number().min(0).max(guidanceScaleMax),
};

/** A name of `samplingFields`. */
export type SamplingField = keyof typeof samplingFields;

/** How Stage C samples. */
export type Sampling = { readonly [Field in SamplingField]: z.infer<(typeof samplingFields)[Field]> };

/** What a request asks for; undefined: the model's default. */
export type WantedSampling = { readonly [Field in SamplingField]: Sampling[Field] | undefined };

/** "guidanceScale" → "guidance_scale". */
type SnakeCase<Text extends string> = Text extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : Text;

/** The fields as the public API spells them, each optional. */
export type PublicSamplingFields = {
  readonly [Field in SamplingField as SnakeCase<Field>]: z.ZodOptional<(typeof samplingFields)[Field]>;
};

/** A value for each field, under the names of the public API. */
export type PublicSampling<Value> = { readonly [Field in SamplingField as SnakeCase<Field>]: Value };

// Object.keys knows of no literal keys.
export const samplingFieldNames = Object.keys(samplingFields) as readonly SamplingField[];

/** A field's name in the public API. */
export function publicName(field: SamplingField): string {
  return field.replaceAll(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`);
}

/** The public fields, for the schema of a body. */
export const publicSamplingFields = withPublicNames((field) =>
  samplingFields[field].optional(),
) as unknown as PublicSamplingFields; // One entry for each field, as the type says.

/** A value for each field, made from its name. */
export function withPublicNames<Value>(valueFor: (field: SamplingField) => Value): PublicSampling<Value> {
  const entries = samplingFieldNames.map((field) => [publicName(field), valueFor(field)]);
  // One entry for each field, as the type says.
  return Object.fromEntries(entries) as PublicSampling<Value>;
}

/** A value for each field, made from its name. */
export function forEachSamplingField<Value>(valueFor: (field: SamplingField) => Value): {
  readonly [Field in SamplingField]: Value;
} {
  // One entry for each field, as the type says.
  return Object.fromEntries(samplingFieldNames.map((field) => [field, valueFor(field)])) as {
    readonly [Field in SamplingField]: Value;
  };
}

/** What a body asks for, from its public fields. */
export function wantedSampling(wire: Partial<PublicSampling<number | undefined>>): WantedSampling {
  const values: Readonly<Record<string, number | undefined>> = wire;
  return forEachSamplingField((field) => values[publicName(field)]);
}
