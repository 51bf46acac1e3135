import { type Concept, createConceptFinder } from "./captions.ts";
import { type Cast, type Composite, castOf, composite, createPick } from "./composites.ts";
import { ICON_SOURCES, type Icon, type IconSource, readIcons } from "./sources.ts";

/** One picture of the set before it is drawn. */
export interface Drawing {
  readonly source: IconSource;
  readonly icon: Icon;
  readonly concept: Concept;
  /** Whole captions of its own, which take the place of those of the concept. */
  readonly captions?: readonly string[];
  /** What a picture of several things is made of. */
  readonly composite?: Composite;
}

/** Which pictures a set has. */
export interface SetOptions {
  readonly sizePixels: number;
  /** So many pictures of several things. */
  readonly composites: number;
  /** Captions that none of these may have. */
  readonly without: readonly string[];
}

/** Sets that draw whole things, on a ground of nothing, in one style each. */
const COMPOSITE_STYLES = ["3D", "flat", "noto", "twemoji"];
const COMPOSITE_SEED = 2306;

/** All pictures in the order of the set: icons by package, then those of several things, made of the icons. */
export function listDrawings(options: SetOptions): readonly Drawing[] {
  const icons = listIcons(options.sizePixels);
  return [...icons, ...listComposites(icons, options)];
}

function listIcons(sizePixels: number): readonly Drawing[] {
  const findConcept = createConceptFinder();
  return ICON_SOURCES.flatMap((source) =>
    readIcons(source, sizePixels).flatMap((icon) => {
      const concept = findConcept(source, icon.name);
      return concept === null ? [] : [{ source, icon, concept }];
    }),
  );
}

/** So many pictures of several things, in turn of each style. The same options give the same pictures. */
function listComposites(drawings: readonly Drawing[], { composites, without }: SetOptions): readonly Drawing[] {
  const casts = COMPOSITE_STYLES.map((style) => {
    const own = drawings.filter(({ source, concept }) => source.style === style && concept.kind === "emoji");
    return { source: own[0]?.source, cast: castOf(own.map(({ icon, concept }) => ({ label: concept.label, svg: icon.svg }))) };
  });
  const pick = createPick(COMPOSITE_SEED);
  const forbidden = new Set(without);
  return Array.from({ length: composites }, (_, index) => {
    const { source, cast } = casts[index % casts.length] ?? {};
    if (source === undefined || cast === undefined) throw new Error("A style of the composites has no drawings.");
    return compositeDrawing(source, allowed(cast, pick, forbidden), index);
  });
}

/** Draws lots until none of its names is forbidden. */
function allowed(cast: Cast, pick: ReturnType<typeof createPick>, forbidden: ReadonlySet<string>): Composite {
  for (;;) {
    const made = composite(cast, pick);
    if (![made.label, ...made.others].some((name) => forbidden.has(name))) return made;
  }
}

function compositeDrawing(source: IconSource, made: Composite, index: number): Drawing {
  const { label, others, svg } = made;
  const [longest = label, ...more] = others;
  const captions = [`${label}, ${source.style}`, `${longest}, ${source.style}`, label, ...more.map((name) => `${name}, ${source.style}`)];
  const concept: Concept = { label, synonyms: [], kind: "composite" };
  return { source, icon: { name: `composite-${index}`, svg }, concept, captions, composite: made };
}
