import { z } from "zod";

const unicodeForms = ["NFC", "NFD", "NFKC", "NFKD"];

const stepSchema = z.object({ type: z.string() });

const tokenizerSchema = z.object({
  normalizer: z.union([z.object({ normalizers: z.array(stepSchema) }), stepSchema]),
});

/**
 * Whether a `tokenizer.json` brings a Unicode form of its own, as CLIP's does. Such a tokenizer is given every text as
 * it was written, or its ids would not be those that the released text encoders were trained on ("①" is not "1" to
 * CLIP).
 */
export function isNormaliser(tokenizerJson: unknown): boolean {
  const { data } = tokenizerSchema.safeParse(tokenizerJson);
  if (data === undefined) return false;
  const { normalizer } = data;
  const steps = "normalizers" in normalizer ? normalizer.normalizers : [normalizer];
  return steps.some(({ type }) => unicodeForms.includes(type));
}

/** A capital sigma at a word's end becomes "ς" here, which looks at the word, and "σ" in Rust, which does not. */
export function prepareAsRust(text: string): string {
  return text.replaceAll("Σ", "σ");
}
