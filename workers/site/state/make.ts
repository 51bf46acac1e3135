import { signal } from "@preact/signals";
import type { ImagesResponse } from "../../../shared/api/images-response.ts";
import { ApiError, type ApiRequest, sendForJson } from "../api/client.ts";
import { streamImages } from "../api/image-stream.ts";
import { linkOf } from "./link.ts";
import { addResult, fileOf, type Result, type ToldPicture } from "./results.ts";
import { apiKey, refreshBalance, signOut } from "./session.ts";
import { fullPrompt, generationRequest, hasStyles, model, type Settings } from "./settings.ts";

/** What is being made just now. */
export interface Run {
  readonly prompt: string;
  /** "WIDTHxHEIGHT" of the pictures to come. */
  readonly size: string;
  /** Of Stage C; 0 while nothing has begun. */
  readonly step: number;
  readonly steps: number;
  /** The newest preview, shown in this tab. */
  readonly preview: string | undefined;
}

/** The run under way, if one is. */
export const run = signal<Run | undefined>(undefined);

/** Why the last run ended without a picture: a refusal, or "stopped". */
export const failure = signal<ApiError | "stopped" | undefined>(undefined);

const previewsMax = 3;
let stopping = new AbortController();

/** Stops the run of this tab, and no other. */
export function stop(): void {
  stopping.abort();
}

/** Makes what the settings ask for, with real progress; its pictures become results. */
export function make(settings: Settings): Promise<void> {
  const request = generationRequest(settings, model.value);
  const prompt = fullPrompt({ ...settings, style: hasStyles(model.value) ? settings.style : "" });
  const link = linkOf(settings);
  if (location.hash !== `#${link}`) history.pushState(null, "", `#${link}`);
  const facts = { request, settings, prompt, link };
  return track({ prompt, size: settings.size ?? model.value?.size_default ?? "1x1" }, async (options) => {
    const body = { ...request.body, stream: true, partial_images: previewsMax };
    let missing = settings.n;
    for await (const news of streamImages({ ...request, body }, options)) {
      if (news.type === "image_generation.completed") missing -= 1;
      if (news.type === "step") progress({ step: news.step, steps: news.steps });
      else if (news.type === "image_generation.partial_image") showPreview(fileOf(news.b64_json, news.output_format));
      else addResult({ ...news, ...costOf(news.usage) }, facts);
    }
    if (missing > 0) throw brokenConnection();
  });
}

/** Sends a request that is answered at once, and makes results of its pictures. */
export function makeAtOnce(request: ApiRequest, from: Result, prompt: string): Promise<void> {
  return track({ prompt, size: from.size }, async (options) => {
    const answer = await sendForJson<ImagesResponse>(request, options);
    const link = linkOf(from.settings);
    for (const [index, picture] of answer.data.entries()) {
      const used = answer.usage.pictures[index];
      if (!("b64_json" in picture)) continue;
      const told: ToldPicture = {
        ...picture,
        output_format: answer.output_format,
        size: answer.size,
        microUsd: used?.micro_usd ?? 0,
        milliseconds: used?.milliseconds ?? {},
      };
      addResult(told, { request, settings: from.settings, prompt, link });
    }
  });
}

type Options = { readonly key: string; readonly signal: AbortSignal };

async function track(begun: Pick<Run, "prompt" | "size">, work: (options: Options) => Promise<void>): Promise<void> {
  const key = apiKey.value;
  if (key === undefined || run.value !== undefined) return;
  stopping = new AbortController();
  const { signal: stopSignal } = stopping;
  failure.value = undefined;
  run.value = { ...begun, step: 0, steps: 0, preview: undefined };
  try {
    await work({ key, signal: stopSignal });
  } catch (error) {
    failure.value = stopSignal.aborted ? "stopped" : asApiError(error);
    // A key that was revoked meanwhile: the form for another one appears, and the prompt stays.
    if (failure.value !== "stopped" && failure.value.code === "invalid_api_key") signOut();
  }
  const { preview } = run.value;
  run.value = undefined;
  if (preview !== undefined) URL.revokeObjectURL(preview);
  await refreshBalance();
}

function progress(step: Pick<Run, "step" | "steps">): void {
  if (run.value !== undefined) run.value = { ...run.value, ...step };
}

function showPreview(file: Blob): void {
  if (run.value === undefined) return;
  const { preview } = run.value;
  run.value = { ...run.value, preview: URL.createObjectURL(file) };
  if (preview !== undefined) URL.revokeObjectURL(preview);
}

function costOf(usage: ImagesResponse["usage"]): Pick<ToldPicture, "microUsd" | "milliseconds"> {
  return { microUsd: usage.cost.micro_usd, milliseconds: usage.pictures[0]?.milliseconds ?? {} };
}

/** A connection that breaks in the middle of an answer is no `ApiError` yet. */
function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : brokenConnection();
}

function brokenConnection(): ApiError {
  return new ApiError("The connection broke.", "offline", 0);
}
