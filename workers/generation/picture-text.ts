import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { fromBase64 } from "../gpu/base64.ts";

/** With parameters ("image/png;charset=utf-8;base64") and in any case, as RFC 2397 allows. */
const dataUrlStart = /^data:image\/[a-z0-9+.-]{1,32}(?:;[^,;]{1,64}){0,8};base64,/iu;

/** A picture's file that was written as base64 or as a data URL. Fails with `invalid_request` naming the field. */
export function bytesOfText(
  name: string,
  value: unknown,
  bytesMax: number,
): Result<Uint8Array<ArrayBuffer> | undefined, Failure> {
  if (value === undefined || value === null) return ok(undefined);
  const rule = `'${name}' must be the picture's file in base64, or a data URL.`;
  if (typeof value !== "string") return err(invalidRequest(name, rule));
  try {
    const bytes = fromBase64(value.replace(dataUrlStart, ""));
    return bytes.length > bytesMax ? err(pictureTooLarge(name, bytesMax)) : ok(bytes);
  } catch {
    return err(invalidRequest(name, rule));
  }
}

/** What is said of a picture's file beyond a bound. */
export function pictureTooLarge(name: string, bytesMax: number): Failure {
  return invalidRequest(name, `'${name}' may have at most ${bytesMax} bytes. Make the picture smaller.`);
}
