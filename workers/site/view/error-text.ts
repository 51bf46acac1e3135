import { ApiError } from "../api/client.ts";
import { DecoderError } from "../decoder/decoder-error.ts";
import { words } from "../words/words.ts";

/** What happened and what to do, in the person's language; of a field of the request, in the API's own words. */
export function errorText(error: unknown): string {
  const { errors } = words.value;
  if (error instanceof DecoderError) return errors[error.code];
  if (!(error instanceof ApiError)) return errors.unknown;
  if (error.code === "invalid_request") return `${errors.invalid_request} ${error.message}`;
  return isKnown(error.code, errors) ? errors[error.code] : `${errors.unknown} ${error.message}`;
}

function isKnown(code: string, errors: object): code is keyof typeof words.value.errors {
  return Object.hasOwn(errors, code);
}
