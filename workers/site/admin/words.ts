import { computed } from "@preact/signals";
import { language } from "../words/words.ts";
import { type AdminWords, en } from "./words-en.ts";
import { ja } from "./words-ja.ts";

const languages = { en, ja } as const;

/** The sentences of the operator's page, in the language of the pages; no other page loads them. */
export const adminWords = computed<AdminWords>(() => languages[language.value]);
