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
  return form === undefined
    ? err(invalidRequest(null, "The request body is not a valid multipart form."))
    : readForm([...form.entries()]);
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
  const mask = bytesOfText("mask", maskText, pictureBytesMax);
  return mask.ok ? ok({ fields, image: image.value, mask: mask.value }) : mask;
}
