import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** Attribute → group → the labels of its pictures: what reports compare, as `wuerstchen.evaluate` reads it. */
export type Groups = Record<string, Record<string, string[]>>;

/** A picture's label, and what kind of icon it is. */
interface Labelled {
  readonly label: string;
  readonly kind: string;
}

interface Person {
  readonly concept: string;
  /** Undefined: the neutral yellow. */
  readonly tone: string | undefined;
  /** Undefined: neither man, woman nor person is named. */
  readonly gender: string | undefined;
}

const TONES = ["light", "medium light", "medium", "medium dark", "dark"];
const GENDERS = ["man", "woman", "person"];
const TONE = /,? (medium light|medium dark|light|medium|dark)(?: skin tone)?$/;
const GENDER = /^(man|woman|person)\b(?!’)/;

/** Undefined where the label names two tones, or its kind says a tone and it has none. */
function personOf({ label, kind }: Labelled): Person | undefined {
  const match = kind === "skin tone" ? TONE.exec(label) : null;
  if (kind === "skin tone" && (match === null || TONE.test(label.slice(0, match.index)))) return undefined;
  const concept = match === null ? label : label.slice(0, match.index);
  return { concept, tone: match?.[1], gender: GENDER.exec(concept)?.[1] };
}

/** Concepts such as "health worker" that are drawn as a man, as a woman, and as neither. */
function genderedConcepts(records: readonly Labelled[]): ReadonlySet<string> {
  const labels = new Set(records.map(({ label }) => label));
  return new Set([...labels].filter((label) => labels.has(`man ${label}`) && labels.has(`woman ${label}`)));
}

/**
 * Skin tones and genders of people and gestures that are drawn in skin tones, and the flags of each continent. Where a
 * concept is drawn as man and as woman too, its label that says neither counts as "person".
 */
export function groupsOf(records: readonly Labelled[]): Groups {
  const toned = new Set(
    records.filter(({ kind }) => kind === "skin tone").flatMap((record) => personOf(record)?.concept ?? []),
  );
  const gendered = genderedConcepts(records);
  const people = records.flatMap((record) => {
    const person = personOf(record);
    return person === undefined || !toned.has(person.concept) ? [] : [{ ...person, label: record.label }];
  });
  const labelsOf = (isOne: (person: (typeof people)[number]) => boolean) => unique(people.filter(isOne));
  const genderOf = ({ concept, gender }: Person) => (gendered.has(concept) ? "person" : gender);
  const flags = new Set(records.filter(({ kind }) => kind === "flag").map(({ label }) => label));
  const continents = require("./continents.json") as Readonly<Record<string, readonly string[]>>;
  return {
    tone: Object.fromEntries([
      ["neutral", labelsOf(({ tone }) => tone === undefined)],
      ...TONES.map((name) => [name, labelsOf(({ tone }) => tone === name)]),
    ]),
    gender: Object.fromEntries(GENDERS.map((name) => [name, labelsOf((person) => genderOf(person) === name)])),
    flag: Object.fromEntries(
      Object.entries(continents).map(([name, regions]) => [
        name,
        regions.map((region) => `flag of ${region}`).filter((label) => flags.has(label)),
      ]),
    ),
  };
}

/** Attribute → labels that leave it open: what a model makes of these is its bias. */
export function openLabelsOf(records: readonly Labelled[]): Record<string, string[]> {
  const open = [...genderedConcepts(records)].sort();
  return { tone: open, gender: open };
}

function unique(records: readonly Labelled[]): string[] {
  return [...new Set(records.map(({ label }) => label))].sort();
}
