import { computed, effect, signal } from "@preact/signals";
import { en, type Words } from "./en.ts";
import { ja } from "./ja.ts";

const languages = { en, ja } as const;

/** A language that the pages speak. */
export type Language = keyof typeof languages;

const storedName = "language";

/** The person's choice, else the browser's first language that the pages speak. */
export const language = signal<Language>(chosenLanguage());

/** The sentences of the language. */
export const words = computed<Words>(() => languages[language.value]);

/** Keeps the document's language in step, and remembers a choice. */
export function followLanguage(): void {
  effect(() => {
    document.documentElement.lang = language.value;
  });
}

/** Changes the language, and remembers it on this device. */
export function chooseLanguage(chosen: Language): void {
  language.value = chosen;
  localStorage.setItem(storedName, chosen);
}

function chosenLanguage(): Language {
  const wanted = [localStorage.getItem(storedName) ?? "", ...navigator.languages];
  return wanted.map((tag) => tag.slice(0, 2)).find(isLanguage) ?? "en";
}

function isLanguage(tag: string): tag is Language {
  return tag in languages;
}
