import { computed, signal } from "@preact/signals";
import type { ModelItem } from "../../../shared/api/models-list.ts";
import type { OutputFormat } from "../../../shared/output-format.ts";
import type { ApiRequest } from "../api/client.ts";

/** What the composer holds. Undefined: the model's default, or for the seed whatever `reuse` decides. */
export interface Settings {
  /** Of those that the service offers; undefined: the first. */
  readonly model: string | undefined;
  readonly prompt: string;
  readonly style: string;
  readonly negative: string;
  readonly n: number;
  readonly size: string | undefined;
  readonly seed: number | undefined;
  readonly steps: number | undefined;
  readonly guidance: number | undefined;
  readonly reuse: "prefer" | "fresh" | "similar";
  readonly format: OutputFormat;
  /** Of models with transparency: as the format can, or on white. */
  readonly background: "auto" | "opaque";
}

/** What the composer begins with. */
export const defaultSettings: Settings = {
  model: undefined,
  prompt: "",
  style: "3D",
  negative: "",
  n: 1,
  size: undefined,
  seed: undefined,
  steps: undefined,
  guidance: undefined,
  reuse: "prefer",
  format: "png",
  background: "auto",
};

/** What the composer holds now. */
export const settings = signal<Settings>(defaultSettings);

/** The models that the service offers; none until they are known. */
export const models = signal<readonly ModelItem[]>([]);

/** The one that the composer holds; undefined until it is known. */
export const model = computed(() => models.value.find(({ id }) => id === settings.value.model) ?? models.value[0]);

/** Changes some of the settings. */
export function change(some: Partial<Settings>): void {
  settings.value = { ...settings.value, ...some };
}

/** Whether style words mean something to the model: those of its training data. */
export function hasStyles(item: ModelItem | undefined): boolean {
  return item?.id.startsWith("emoji-") === true;
}

/** Whether the pages hold the decoder of the model that these settings name: they have the first one's, no other. */
export function isDecodedHere({ model: id }: Settings): boolean {
  return id === undefined || id === models.value[0]?.id;
}

/** Whether the model draws transparency. */
export function isTransparent(item: ModelItem | undefined): boolean {
  return item?.backgrounds.includes("transparent") === true;
}

/** The prompt with its style word, as the model was trained on them. */
export function fullPrompt({ prompt, style }: Pick<Settings, "prompt" | "style">): string {
  const text = prompt.trim();
  return style === "" || text === "" ? text : `${text}, ${style}`;
}

/** The request that the settings stand for, without what only the transport of the answer needs. */
export function generationRequest(from: Settings, item: ModelItem | undefined): ApiRequest {
  const withStyle = { ...from, style: hasStyles(item) ? from.style : "" };
  const body = {
    prompt: fullPrompt(withStyle),
    ...(item !== undefined && { model: item.id }),
    ...(from.n > 1 && { n: from.n }),
    ...(from.size !== undefined && { size: from.size }),
    ...(from.seed !== undefined && { seed: from.seed }),
    ...(from.steps !== undefined && { steps: from.steps }),
    ...(from.guidance !== undefined && { guidance_scale: from.guidance }),
    ...(from.negative.trim() !== "" && { negative_prompt: from.negative.trim() }),
    ...(from.reuse !== "prefer" && { reuse: from.reuse }),
    ...(from.format !== "png" && { output_format: from.format }),
    ...(from.background !== "auto" && isTransparent(item) && { background: from.background }),
  };
  return { method: "POST", path: "/v1/images/generations", body };
}
