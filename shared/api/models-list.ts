import type { Manifest } from "../models/manifest.ts";

/** One model in OpenAI's list shape, with what a client needs to form a valid request. */
export interface ModelItem {
  readonly id: string;
  readonly object: "model";
  /** Unix seconds. */
  readonly created: number;
  readonly owned_by: string;
  readonly name: string;
  readonly description: string;
  readonly licence: string;
  readonly revision: string;
  readonly sizes: readonly string[];
  readonly size_default: string;
  readonly steps: { readonly default: number; readonly min: number; readonly max: number };
  readonly guidance_scale: { readonly default: number; readonly min: number; readonly max: number };
}

/** The body of `GET /v1/models`. */
export interface ModelsList {
  readonly object: "list";
  readonly data: readonly ModelItem[];
}

/** A bundle's manifest as the public API shows it. */
export function modelItem(manifest: Manifest): ModelItem {
  return {
    id: manifest.id,
    object: "model",
    created: Math.floor(Date.parse(manifest.created) / 1000),
    owned_by: "wuerstchen-edge",
    name: manifest.name,
    description: manifest.description,
    licence: manifest.licence,
    revision: manifest.revision,
    sizes: manifest.image.sizes,
    size_default: manifest.image.sizeDefault,
    steps: manifest.sampler.stageC.steps,
    guidance_scale: manifest.sampler.stageC.guidanceScale,
  };
}
