/**
 * The one spelling of a prompt that everything after it sees: Unicode NFKC, without control characters and unpaired
 * surrogates, every run of whitespace one space, trimmed. Idempotent, and may return an empty text.
 *
 * Control characters go first, because two characters that one of them kept apart may compose.
 */
export function normalisePrompt(text: string): string {
  return text
    .replace(/\u0085/gu, " ")
    .replace(/(?!\s)[\p{Cc}\p{Cs}]/gu, "")
    .normalize("NFKC")
    .replace(/\s+/gu, " ")
    .trim();
}
