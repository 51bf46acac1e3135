import type { ApiError } from "../api/client.ts";
import { words } from "../words/words.ts";

/** What happened and what to do: in the person's language where it knows the kind, else as the API says it. */
export function errorText({ code, message }: ApiError): string {
  return words.value.errors[code] ?? message;
}
