import { days, linkTo, place, ranges } from "./place.ts";
import { adminWords } from "./words.ts";

/** Chooses how many days are shown. */
export function RangeChoice() {
  const { range } = adminWords.value;
  return (
    <nav class="ranges" aria-label={range.label}>
      {ranges.map((value) => (
        <a
          key={value}
          href={linkTo(place.value.view, String(value))}
          aria-current={days.value === value ? "true" : undefined}
        >
          {value === 1 ? range.day : range.days(value)}
        </a>
      ))}
    </nav>
  );
}
