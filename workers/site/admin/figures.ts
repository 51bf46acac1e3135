import { dollars } from "../view/money.ts";
import { language } from "../words/words.ts";

/** A whole number in the page's language: "12,345". */
export function count(value: number): string {
  return new Intl.NumberFormat(language.value).format(value);
}

/** A share: "83.1 %"; a dash where there is none. */
export function share(value: number | null): string {
  return value === null ? "–" : `${(value * 100).toFixed(1)} %`;
}

/** A duration, short: "230 ms", "1.53 s", "12 min"; a dash where there is none. */
export function duration(milliseconds: number | null): string {
  if (milliseconds === null) return "–";
  if (milliseconds < 1_000) return `${Number(milliseconds.toPrecision(3))} ms`;
  const seconds = milliseconds / 1_000;
  if (seconds < 600) return `${Number(seconds.toPrecision(3))} s`;
  return seconds < 36_000 ? `${Math.round(seconds / 60)} min` : `${Number((seconds / 3_600).toPrecision(3))} h`;
}

/** Money for each of some pictures; a dash where there is none. */
export function perPicture(microUsd: number, pictures: number): string {
  return pictures === 0 ? "–" : dollars(Math.round(microUsd / pictures));
}

/** A moment of an ISO text in UTC, to the minute: "2026-11-26 20:15"; a dash for none. */
export function moment(iso: string | null): string {
  return iso === null ? "–" : iso.slice(0, 16).replace("T", " ");
}
