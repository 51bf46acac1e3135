import type { DecodeOptions } from "../../shared/decode-options.ts";
import type { Failure } from "../../shared/errors.ts";
import { fromHex, toHex } from "../../shared/hex.ts";
import { hmacSha256, verifyHmacSha256 } from "../../shared/hmac.ts";
import type { OutputFormat } from "../../shared/output-format.ts";
import { outputFormatSchema } from "../../shared/output-format-schema.ts";
import { err, ok, type Result } from "../../shared/result.ts";

/** As long as OpenAI's image links live: time to fetch or show a picture, and no permanent public address. */
export const imageLinkSeconds = 3600;

/** Links of which an isolate remembers that their signatures hold; then all are forgotten. */
const rememberedMax = 1_024;

/** What a link is for: one picture, encoded one way. */
export interface LinkedImage {
  readonly latentId: string;
  readonly options: DecodeOptions;
}

/** A link that holds, and for how long from now. */
export interface OpenedLink extends LinkedImage {
  /** Whole seconds, at least 1. */
  readonly secondsLeft: number;
}

/** The parts of a requested link, as they arrived. */
export interface LinkParts {
  /** The last segment of the path: "{latent id}.{format}". */
  readonly file: string;
  readonly query: Readonly<Record<string, string>>;
}

/** Makes and checks links that show one picture, without a key, until they expire. */
export interface ImageLinks {
  /** The path and query of a new link. */
  create(image: LinkedImage): Promise<string>;
  /** Fails with `not_found` for a malformed name, `invalid_signature`, or `link_expired`; in this order. */
  open(parts: LinkParts): Promise<Result<OpenedLink, Failure>>;
}

/**
 * Links signed by HMAC-SHA-256 over everything that decides the picture, and the expiry. Whether a signature holds
 * never changes, so one that did is remembered for a while; whether the link has expired is looked at each time.
 */
export function createImageLinks(secret: string, nowMs: () => number): ImageLinks {
  const nowSeconds = () => Math.floor(nowMs() / 1000);
  const signed = new Set<string>();

  async function isSigned(text: string, signature: string): Promise<boolean> {
    const known = `${text}\n${signature}`;
    if (signed.has(known)) return true;
    const bytes = fromHex(signature);
    if (bytes === undefined || !(await verifyHmacSha256(secret, text, bytes))) return false;
    if (signed.size >= rememberedMax) signed.clear();
    signed.add(known);
    return true;
  }

  return {
    async create(image) {
      const expires = nowSeconds() + imageLinkSeconds;
      const signature = toHex(await hmacSha256(secret, signedText(image, String(expires))));
      const { format, quality, background } = image.options;
      const variant = Object.entries({ quality, background })
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => `${name}=${value}&`)
        .join("");
      return `/v1/images/${image.latentId}.${format}?${variant}exp=${expires}&sig=${signature}`;
    },

    async open({ file, query }) {
      const image = readFileName(file, query);
      if (image === undefined) return err({ code: "not_found", what: "image" });
      const { exp = "", sig = "" } = query;
      if (!/^\d{1,12}$/u.test(exp) || !(await isSigned(signedText(image, exp), sig))) {
        return err({ code: "invalid_signature" });
      }
      const secondsLeft = Number(exp) - nowSeconds();
      return secondsLeft > 0 ? ok({ ...image, secondsLeft }) : err({ code: "link_expired" });
    },
  };
}

function readFileName(file: string, query: LinkParts["query"]): LinkedImage | undefined {
  const match = /^([0-9a-f]{64})\.([a-z]{1,8})$/u.exec(file);
  const format = outputFormatSchema.safeParse(match?.[2]).data;
  if (match?.[1] === undefined || format === undefined) return undefined;
  const options = readVariant(format, query);
  return options === undefined ? undefined : { latentId: match[1], options };
}

/** Only the one spelling that `create` writes is read, so that a picture has one address. */
function readVariant(format: OutputFormat, { quality, background }: LinkParts["query"]): DecodeOptions | undefined {
  if (quality !== undefined && !/^(?:0|[1-9]\d?|100)$/u.test(quality)) return undefined;
  if (background !== undefined && !/^[0-9a-f]{6}$/u.test(background)) return undefined;
  return {
    format,
    ...(quality !== undefined && { quality: Number(quality) }),
    ...(background !== undefined && { background }),
  };
}

/** No part can hold a line break, so no two links give the same text. */
function signedText({ latentId, options }: LinkedImage, expires: string): string {
  const { format, quality = "default", background } = options;
  // Left out where there is none, so that links of earlier versions stay valid.
  const behind = background === undefined ? [] : [`background ${background}`];
  return ["image-link", "v1", latentId, format, quality, ...behind, expires].join("\n");
}
