import { computed, signal } from "@preact/signals";
import type { Tier } from "../../../shared/api/images-response.ts";
import type { ImageEvent } from "../../../shared/api/images-stream.ts";
import type { OutputFormat } from "../../../shared/output-format.ts";
import type { ApiRequest } from "../api/client.ts";
import type { Settings } from "./settings.ts";

/** A picture of this session, with all that is told of it. */
export interface Result {
  /** Counts up from 1 in this tab. */
  readonly id: number;
  readonly prompt: string;
  /** What was sent for it, without what only streams need. */
  readonly request: ApiRequest;
  /** What the composer held then. */
  readonly settings: Settings;
  /** The fragment of the URL that stands for it. */
  readonly link: string;
  readonly file: Blob;
  /** Shows `file` in this tab. */
  readonly url: string;
  readonly format: OutputFormat;
  /** "WIDTHxHEIGHT" */
  readonly size: string;
  readonly seed: number;
  readonly latentId: string;
  readonly tier: Tier;
  readonly isSimilar: boolean;
  readonly ageSeconds: number;
  readonly microUsd: number;
  /** Part → milliseconds, of those that ran. */
  readonly milliseconds: Readonly<Record<string, number>>;
}

/** The pictures of this session, in the order in which they came. */
export const results = signal<readonly Result[]>([]);

/** Which of them is shown large; undefined: none yet. */
export const shownId = signal<number | undefined>(undefined);

/** The picture that is shown large. */
export const shown = computed(() => results.value.find(({ id }) => id === shownId.value));

type CompletedImage = Extract<ImageEvent, { readonly type: "image_generation.completed" }>;

/** What a picture of any answer tells. */
export type ToldPicture = Pick<
  CompletedImage,
  "b64_json" | "seed" | "latent_id" | "tier" | "age_seconds" | "similar" | "output_format" | "size"
> & { readonly microUsd: number; readonly milliseconds: Readonly<Record<string, number>> };

/** Puts a picture at the end, and shows it. */
export function addResult(
  told: ToldPicture,
  { request, settings, prompt, link }: Pick<Result, "request" | "settings" | "prompt" | "link">,
): Result {
  const file = fileOf(told.b64_json, told.output_format);
  const result: Result = {
    id: results.value.length + 1,
    prompt,
    request,
    settings,
    link,
    file,
    url: URL.createObjectURL(file),
    format: told.output_format,
    size: told.size,
    seed: told.seed,
    latentId: told.latent_id,
    tier: told.tier,
    isSimilar: told.similar === true,
    ageSeconds: told.age_seconds,
    microUsd: told.microUsd,
    milliseconds: told.milliseconds,
  };
  results.value = [...results.value, result];
  shownId.value = result.id;
  return result;
}

/** A picture file of an answer. */
export function fileOf(base64: string, format: OutputFormat): Blob {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new Blob([bytes], { type: `image/${format}` });
}
