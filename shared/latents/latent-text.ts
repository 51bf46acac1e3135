import { tokensPerPromptMax } from "../limits.ts";

/** Of a latent file's metadata: the text that Stage B reads, sealed by the backend; only models with such a Stage B. */
export const textField = "text";

/** Two prompts of 4 bytes a token with their heads, in base64: twice as much as the longest. */
const textCharactersMax = 32 * tokensPerPromptMax;

/** What of a file from outside stays as its text: of the right form, whoever wrote it. */
export function textMetadata(metadata: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const text = metadata[textField];
  const isText = text !== undefined && text.length <= textCharactersMax && /^[A-Za-z0-9+/]+={0,2}$/u.test(text);
  return isText ? { [textField]: text } : {};
}
