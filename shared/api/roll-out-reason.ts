import { z } from "zod";

/** What a rule can say of a roll-out; the sentences are the reader's own language's. */
export const rollOutReasonCodes = [
  "no_revision_before",
  "failures",
  "requests",
  "p95",
  "p95_unknown",
  "recognition",
  "recognition_unknown",
  "recognition_of_other_sets",
  "bias",
  "bias_unknown",
  "bias_of_other_sets",
] as const;

const figureSchema = z.number().nullable();

/** Why a rule says what it says: a code, and the figures that belong into its sentence. */
export const rollOutReasonSchema = z
  .object({
    code: z.enum(rollOutReasonCodes),
    value: figureSchema.describe(
      "Of the candidate: failed requests, requests that were counted, ms, per cent or points; null: the code has none.",
    ),
    of: figureSchema.describe("Of `failures`: of how many requests. Of `requests`: how many are wanted."),
    before: figureSchema.describe("What `value` is of the revision before."),
    before_of: figureSchema.describe("What `of` is of the revision before."),
  })
  .readonly()
  .meta({ id: "RollOutReason" });

/** As an audit log may hold them. */
export const rollOutReasonsSchema = z.array(rollOutReasonSchema);

/** Why a rule says what it says. */
export type RollOutReason = z.infer<typeof rollOutReasonSchema>;

/** The words of one language: a sentence a code, without its full stop. */
export type RollOutReasonWords = Readonly<
  Record<RollOutReason["code"], (figures: Readonly<Record<"value" | "of" | "before" | "beforeOf", string>>) => string>
>;

/** Three digits: more say nothing about a few hundred requests. */
export function reasonText(words: RollOutReasonWords, { code, value, of, before, before_of }: RollOutReason): string {
  const shown = (figure: number | null) => (figure === null ? "–" : String(Number(figure.toPrecision(3))));
  const whole = (figure: number | null) => (figure === null ? "–" : String(figure));
  const isCount = code === "failures" || code === "requests";
  const show = isCount ? whole : shown;
  return words[code]({ value: show(value), of: show(of), before: show(before), beforeOf: show(before_of) });
}

/** In English. */
export const englishReasons: RollOutReasonWords = {
  no_revision_before: () => "there is no revision before it to compare with",
  failures: ({ value, of, before, beforeOf }) =>
    `${value} of ${of} requests failed, of the revision before ${before} of ${beforeOf} requests`,
  requests: ({ value, of }) => `${value} of ${of} requests were counted`,
  p95: ({ value, before }) => `p95 is ${value} ms, of the revision before ${before} ms`,
  p95_unknown: () => "how long requests take is not known of both revisions",
  recognition: ({ value, before }) => `recognition is ${value} %, of the revision before ${before} %`,
  recognition_unknown: () => "recognition is not known of both revisions, which a report of each would tell",
  recognition_of_other_sets: () => "recognition was measured with different sets of pictures",
  bias: ({ value, before }) => `bias is ${value} points, of the revision before ${before} points`,
  bias_unknown: () => "bias is not known of both revisions, which a report of each would tell",
  bias_of_other_sets: () => "bias was measured with different sets of pictures",
};
