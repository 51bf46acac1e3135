import type { Context } from "hono";
import { fieldsOfForm } from "../../shared/api/start-image-request.ts";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { echoedNameCharactersMax, pictureBytesMax } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { bytesOfText, pictureTooLarge } from "../generation/picture-text.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { readJson } from "./read-json.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A body with files, of either form. */
export interface Upload {
  /** All that is no file, for a schema to read. */
  readonly fields: Record<string, unknown>;
  /** At most 8 MiB each. */
  readonly image: Bytes | undefined;
  readonly mask: Bytes | undefined;
}

/** What a decoder writes for bytes that mean nothing. */
const replacement = "\ufffd";

const formType = "multipart/form-data";

/** "image", and what clients write that can send several: "image[]" or "image[0]". One may be meant even so. */
const imageName = /^image(?:\[\d{0,2}\])?$/u;

function fileField(name: string): "image" | "mask" | undefined {
  if (imageName.test(name)) return "image";
  return name === "mask" ? "mask" : undefined;
}

/**
 * Reads a multipart form as OpenAI's clients send it, or JSON with the files as base64 or data URLs. Fails with
 * `unsupported_media_type`, `invalid_request` naming the field, or as `receiveBody`.
 */
export async function readUpload(c: Context<AppEnv>): Promise<Result<Upload, Failure>> {
  const contentType = c.req.header("content-type") ?? "";
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase();
  if (type === "application/json") return readJsonUpload(c);
  if (type !== formType) return err({ code: "unsupported_media_type", expected: formType });
  const body = await c.get("body").bytes();
  if (!body.ok) return body;
  // Only the platform's classes for messages read a form.
  const message = new Response(body.value, { headers: { "content-type": contentType } });
  const form = await message.formData().catch(() => undefined);
  if (form === undefined) return err(invalidRequest(null, "The request body is not a valid multipart form."));
  const entries = [...form.entries()];
  const fault = textFault(entries, body.value);
  return fault === undefined ? readForm(entries) : err(fault);
}

/** Of a field that comes twice, where one value would be lost, and of a text that is not UTF-8. */
function textFault(entries: readonly [string, File | string][], body: Bytes): Failure | undefined {
  const texts = entries.filter(([, value]) => typeof value === "string");
  const seen = new Set<string>();
  // Adding a name that is there leaves the size as it was. A form may have a hundred thousand fields.
  const repeated = texts.find(([name]) => seen.size === seen.add(name).size)?.[0].slice(0, echoedNameCharactersMax);
  if (repeated !== undefined) return invalidRequest(repeated, `'${repeated}' is given more than once. Send it once.`);
  const doubted = texts.filter(([, text]) => String(text).includes(replacement));
  const name = doubted[0]?.[0].slice(0, echoedNameCharactersMax);
  if (name === undefined) return undefined;
  const read = doubted.reduce((sum, [, text]) => sum + String(text).split(replacement).length - 1, 0);
  return read <= replacementsIn(body)
    ? undefined
    : invalidRequest(name, `'${name}' is not valid UTF-8. Send the form's texts as UTF-8.`);
}

/** How often U+FFFD was sent itself. */
function replacementsIn(body: Bytes): number {
  let count = 0;
  for (let at = body.indexOf(0xef); at !== -1; at = body.indexOf(0xef, at + 1)) {
    if (body[at + 1] === 0xbf && body[at + 2] === 0xbd) count += 1;
  }
  return count;
}

async function readForm(entries: readonly [string, File | string][]): Promise<Result<Upload, Failure>> {
  const texts = entries.flatMap(([name, value]) => (typeof value === "string" ? [[name, value] as const] : []));
  const files = entries.flatMap(([name, value]) => (typeof value === "string" ? [] : [[name, value] as const]));
  const named = (field: "image" | "mask") => files.filter(([name, file]) => fileField(name) === field && isThere(file));
  const [images, masks] = [named("image"), named("mask")];
  const written = texts.flatMap(([name, text]) => (text === "" ? [] : (fileField(name) ?? [])))[0];
  if (written !== undefined)
    return err(invalidRequest(written, `'${written}' must be a file part of the form, not text.`));
  if (images.length > 1)
    return err(invalidRequest("image", "'image' must be one picture. Several cannot be combined."));
  const stray = files.find(([name]) => fileField(name) === undefined)?.[0].slice(0, echoedNameCharactersMax);
  if (stray !== undefined || masks.length > 1) {
    return err(invalidRequest(stray ?? "mask", "The only files of this request are one 'image' and one 'mask'."));
  }
  const image = await bytesOfFile("image", images[0]?.[1]);
  if (!image.ok) return image;
  const mask = await bytesOfFile("mask", masks[0]?.[1]);
  return mask.ok
    ? ok({
        fields: fieldsOfForm(texts.filter(([name]) => fileField(name) === undefined)),
        image: image.value,
        mask: mask.value,
      })
    : mask;
}

/** A form in a browser sends an empty file for a field that was left empty. */
function isThere(file: File): boolean {
  return file.size > 0;
}

async function bytesOfFile(name: string, file: File | undefined): Promise<Result<Bytes | undefined, Failure>> {
  if (file === undefined) return ok(undefined);
  return file.size > pictureBytesMax
    ? err(pictureTooLarge(name, pictureBytesMax))
    : ok(new Uint8Array(await file.arrayBuffer()));
}

async function readJsonUpload(c: Context<AppEnv>): Promise<Result<Upload, Failure>> {
  const json = await readJson(c);
  if (!json.ok) return json;
  if (typeof json.value !== "object" || json.value === null || Array.isArray(json.value)) {
    return err(invalidRequest(null, "The request body must be an object."));
  }
  const { image: imageText, mask: maskText, ...fields } = json.value as Record<string, unknown>;
  const image = bytesOfText("image", imageText, pictureBytesMax);
  if (!image.ok) return image;
  const mask = bytesOfText("mask", maskText === "" ? undefined : maskText, pictureBytesMax);
  return mask.ok ? ok({ fields, image: image.value, mask: mask.value }) : mask;
}
