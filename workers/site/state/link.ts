import { modelIdPattern } from "../../../shared/models/model-name.ts";
import { outputFormatNames } from "../../../shared/output-format.ts";
import { defaultSettings, type Settings } from "./settings.ts";

// Settings live in the URL's fragment, which browsers never send: a prompt must not reach a server's log.

const names = {
  model: "model",
  prompt: "prompt",
  style: "style",
  negative: "avoid",
  n: "n",
  size: "size",
  seed: "seed",
  steps: "steps",
  guidance: "guidance",
  reuse: "reuse",
  format: "format",
  background: "background",
} as const satisfies Record<keyof Settings, string>;

/** The fragment, without its "#", that `readLink` reads back; what is as by default is left out. */
export function linkOf(settings: Settings): string {
  const query = new URLSearchParams();
  for (const [field, name] of Object.entries(names)) {
    const value = settings[field as keyof Settings];
    if (value !== undefined && value !== defaultSettings[field as keyof Settings]) query.set(name, String(value));
  }
  return query.toString();
}

/** The settings of a fragment, whoever wrote it: what is malformed is as by default. Undefined: it holds none. */
export function readLink(fragment: string): Settings | undefined {
  const query = new URLSearchParams(fragment.replace(/^#/u, ""));
  if (!query.has(names.prompt)) return undefined;
  const text = (name: string) => query.get(name) ?? undefined;
  const number = (name: string, max: number) => wholeOrUndefined(text(name), max);
  return {
    model: modelIdPattern.test(text(names.model) ?? "") ? text(names.model) : undefined,
    prompt: text(names.prompt)?.slice(0, 32_000) ?? "",
    style: oneOf(text(names.style), ["", "3D", "flat", "noto", "twemoji"]) ?? defaultSettings.style,
    negative: text(names.negative)?.slice(0, 32_000) ?? "",
    n: Math.max(1, number(names.n, 10) ?? 1),
    size: /^\d{1,5}x\d{1,5}$/u.test(text(names.size) ?? "") ? text(names.size) : undefined,
    seed: number(names.seed, 2 ** 32 - 1),
    steps: number(names.steps, 1_000),
    guidance: numberOrUndefined(text(names.guidance), 100),
    reuse: oneOf(text(names.reuse), ["prefer", "fresh", "similar"]) ?? "prefer",
    format: oneOf(text(names.format), outputFormatNames) ?? "png",
    background: oneOf(text(names.background), ["auto", "opaque"]) ?? "auto",
  };
}

function oneOf<Value extends string>(text: string | undefined, values: readonly Value[]): Value | undefined {
  return values.find((value) => value === text);
}

function numberOrUndefined(text: string | undefined, max: number): number | undefined {
  const value = text === undefined || text.trim() === "" ? Number.NaN : Number(text);
  return value >= 0 && value <= max ? value : undefined;
}

function wholeOrUndefined(text: string | undefined, max: number): number | undefined {
  const value = numberOrUndefined(text, max);
  return Number.isInteger(value) ? value : undefined;
}
