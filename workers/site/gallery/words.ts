import { computed } from "@preact/signals";
import { language } from "../words/words.ts";
import { en, type GalleryWords } from "./words-en.ts";
import { ja } from "./words-ja.ts";

const languages = { en, ja } as const;

/** The sentences of the gallery, in the language of the pages; no other page loads them. */
export const galleryWords = computed<GalleryWords>(() => languages[language.value]);
