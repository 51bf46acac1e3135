/** Plurals that no rule gives, by the word. */
const irregular = new Map([
  ["man", "men"],
  ["woman", "women"],
  ["person", "people"],
  ["child", "children"],
  ["foot", "feet"],
  ["tooth", "teeth"],
  ["mouse", "mice"],
  ["leaf", "leaves"],
  ["knife", "knives"],
  ["wolf", "wolves"],
  ["scarf", "scarves"],
  ["volcano", "volcanoes"],
  ["mango", "mangoes"],
  ["potato", "potatoes"],
  ["tomato", "tomatoes"],
  ["fish", "fish"],
  ["sheep", "sheep"],
  ["deer", "deer"],
]);

/** What somebody does, the weather, an hour: nobody counts them. */
const uncounted = /^no |(?:feeding|fencing|surfing|bowling|camping|smoking|juggling|biking|walking|running|lifting|rowing|swimming|climbing|kneeling|standing|cooking|bathing|fog|foggy|wood|money|o’clock)$/u;

/** Whether "two …" can be said of a name. */
export function isCounted(name: string): boolean {
  return !uncounted.test(name);
}

/** The plural of a name whose last word says what it is: "maple leaves", "pregnant men". */
export function plural(name: string): string {
  const words = name.split(" ");
  return [...words.slice(0, -1), pluralWord(words.at(-1) ?? "")].join(" ");
}

function pluralWord(word: string): string {
  const known = irregular.get(word);
  if (known !== undefined) return known;
  if (/(?:s|x|ch|sh)$/u.test(word)) return `${word}es`;
  return /[^aeiou]y$/u.test(word) ? `${word.slice(0, -1)}ies` : `${word}s`;
}
