import type { CreateImageRequest } from "../../shared/api/create-image-request.ts";
import { asWritten } from "../../shared/api/written-names.ts";
import type { Failure } from "../../shared/errors.ts";
import { parseImageSize } from "../../shared/models/image-size.ts";
import { latentShapeFor } from "../../shared/models/latent-shape.ts";
import { resolveSampling, stepsRun } from "../../shared/models/sampling.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Sampling } from "../../shared/sampling-fields.ts";
import type { PricedManifest } from "../models/model.ts";
import {
  type ChargeLine,
  encodeLines,
  imagePromptLine,
  type PricedWork,
  pictureCeilingMicroUsd,
  sumMicroUsd,
} from "../prices/price-book.ts";
import { imagePromptFault } from "./image-prompts.ts";

/** What a request asks of the model, whatever its prompt and its seeds: all that its price depends on. */
export interface MeasuredRequest {
  /** How many pictures. */
  readonly n: number;
  /** "WIDTHxHEIGHT" in pixels. */
  readonly size: string;
  readonly sampling: Sampling;
  /** What each picture is priced by. */
  readonly work: PricedWork;
  /** What it costs to have the start made, if none of it is stored; empty when there is nothing to make. */
  readonly startLines: readonly ChargeLine[];
  /** What it costs to have the pictures of its prompt read, if a latent is missing. */
  readonly imagePromptLines: readonly ChargeLine[];
}

/** Fills in the model's defaults. Fails on a size, steps or guidance that the model lacks. */
export function measureRequest(
  manifest: PricedManifest,
  request: CreateImageRequest,
): Result<MeasuredRequest, Failure> {
  const measured = measure(manifest, request);
  return measured.ok ? measured : err(asWritten(measured.error, request.written));
}

function measure(manifest: PricedManifest, request: CreateImageRequest): Result<MeasuredRequest, Failure> {
  const { start, n } = request;
  const size = start?.size ?? request.size ?? manifest.image.sizeDefault;
  const shape = latentShapeFor(manifest, size);
  if (!shape.ok) return shape;
  const fault = imagePromptFault(manifest, request);
  if (fault !== undefined) return err(fault);
  const sampling = resolveSampling(manifest, request);
  if (!sampling.ok) return sampling;
  const steps = stepsRun(sampling.value.steps, start?.strength ?? 1);
  const work = { steps, latentShape: shape.value, pixels: pixelsOf(size), priceFactor: manifest.priceFactor };
  const startLines = start?.isPicture === true ? encodeLines(start.latentId, work) : [];
  const imagePromptLines = (request.imagePrompts ?? []).map(() => imagePromptLine("", work));
  return ok({ n, size, sampling: sampling.value, work, startLines, imagePromptLines });
}

/** The most that a request can cost, in micro-USD, whatever turns out to be stored. */
export function ceilingMicroUsdOf({
  n,
  work,
  startLines,
  imagePromptLines,
}: Pick<MeasuredRequest, "n" | "work" | "startLines" | "imagePromptLines">): number {
  return n * pictureCeilingMicroUsd(work) + sumMicroUsd([...startLines, ...imagePromptLines]);
}

/** The size is one that the model offers, which are all well formed. */
export function pixelsOf(size: string): number {
  const { width = 0, height = 0 } = parseImageSize(size) ?? {};
  return width * height;
}
