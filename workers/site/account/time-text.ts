import { language } from "../words/words.ts";

/** A moment in the person's language and time zone. `seconds`: Unix time. */
export function timeText(seconds: number): string {
  return new Date(seconds * 1_000).toLocaleString(language.value, { dateStyle: "medium", timeStyle: "short" });
}
