import { fromFloat16Bits, toFloat16Bits } from "../../../shared/latents/float16.ts";
import type { LatentShape } from "../../../shared/latents/latent-key.ts";
import type { LatentView } from "./messages.ts";

// A picture in a URL: the fragment, which no browser sends, holds the latent. Four parts with dots between: the form's
// name, the model's revision, seed and shape, and the float16 values in base64url (RFC 4648, section 5).

const form = "latent1";

/** A latent of 1024×1024 pixels has 9,216 values; beyond this nothing is read. */
const valuesMax = 65_536;

/** The fragment, without "#": 2.8 KB for a latent of 1,024 values. */
export function latentFragment({ shape, values, seed, revision }: LatentView): string {
  const bits = toFloat16Bits(values);
  const bytes = new Uint8Array(bits.length * 2);
  const view = new DataView(bytes.buffer);
  bits.forEach((value, index) => {
    view.setUint16(2 * index, value, true);
  });
  return [form, encodeURIComponent(revision), [seed, ...shape].join("x"), toBase64Url(bytes)].join(".");
}

/**
 * The latent of a fragment, whoever wrote it. Whether a model has such a latent is for the decoder to say. Undefined
 * when it is none: too long, cut, or not finite.
 */
export function readLatentFragment(fragment: string): LatentView | undefined {
  const match = /^#?latent1\.([\w%~.!*'()-]{1,400})\.(\d{1,10})x(\d{1,5})x(\d{1,5})x(\d{1,5})\.([\w-]*)$/u.exec(
    fragment,
  );
  if (match === null) return undefined;
  const [, revision = "", seedText, channels, height, width, text = ""] = match;
  const shape: LatentShape = [Number(channels), Number(height), Number(width)];
  const count = shape[0] * shape[1] * shape[2];
  const seed = Number(seedText);
  if (count === 0 || count > valuesMax || seed > 2 ** 32 - 1) return undefined;
  if (text.length !== Math.ceil((count * 2 * 4) / 3)) return undefined;
  const bytes = fromBase64Url(text);
  if (bytes?.length !== count * 2) return undefined;
  const view = new DataView(bytes.buffer);
  const values = fromFloat16Bits(Uint16Array.from({ length: count }, (_, index) => view.getUint16(2 * index, true)));
  const name = decodedOrUndefined(revision);
  return values.every(Number.isFinite) && name !== undefined ? { shape, values, seed, revision: name } : undefined;
}

function toBase64Url(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const decoded = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(decoded, (character) => character.charCodeAt(0));
  } catch {
    // A length that no bytes have.
    return undefined;
  }
}

function decodedOrUndefined(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone "%".
    return undefined;
  }
}
