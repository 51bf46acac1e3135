import { captionsOf, KIND_WEIGHT } from "./captions.ts";
import { compositeDescriptionOf, descriptionOf } from "./descriptions.ts";
import type { Drawing } from "./drawings.ts";
import type { Look } from "./look.ts";

/** A line of records.jsonl, as `wuerstchen/training/data.py` reads it. */
export interface PictureRecord {
  readonly id: string;
  readonly licence: string;
  readonly style: string;
  readonly label: string;
  readonly kind: string;
  readonly weight: number;
  readonly captions: readonly string[];
  /** The one long caption, which says what the pixels show; left out where there is nothing to say. */
  readonly description?: string;
}

/** Records of drawings in their order: a picture of several things is described by the looks of its parts before it. */
export function createRecorder(): (drawing: Drawing, look: Look) => PictureRecord {
  const looks = new Map<string, Look>();
  return (drawing, look) => {
    looks.set(drawing.icon.svg, look);
    const { source, icon, concept, captions } = drawing;
    const description = describe(drawing, look, looks);
    return {
      id: `${source.package}/${icon.name}`,
      licence: source.licence,
      style: source.style,
      label: concept.label,
      kind: concept.kind,
      weight: source.weight * KIND_WEIGHT[concept.kind],
      captions: captions ?? captionsOf(concept, source.style),
      ...(description === null ? {} : { description }),
    };
  };
}

function describe({ source, concept, composite }: Drawing, look: Look, looks: ReadonlyMap<string, Look>): string | null {
  if (composite === undefined) return descriptionOf(concept, source.style, look);
  const parts = composite.parts.map(({ name, part }) => ({ name, look: looks.get(part.svg) }));
  return compositeDescriptionOf(composite.others[0] ?? composite.label, parts, source.style, look);
}
