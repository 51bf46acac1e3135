import { computed, signal } from "@preact/signals";

/** The parts of the page. */
export const views = ["traffic", "spend", "accounts", "system"] as const;

/** One of them. */
export type View = (typeof views)[number];

/** Days that a person may choose between. */
export const ranges = [1, 7, 30, 90] as const;

const fragment = signal(location.hash);

addEventListener("hashchange", () => {
  fragment.value = location.hash;
});

/**
 * What is shown, from the fragment: "#traffic/7", "#accounts/ID". Back and a link to it work, and no server sees it.
 */
export const place = computed<{ readonly view: View; readonly detail: string }>(() => {
  const [name, detail = ""] = fragment.value.slice(1).split("/", 2);
  return { view: views.find((view) => view === name) ?? "traffic", detail: decodeURIComponent(detail) };
});

/** The days that the fragment names; a week without them. */
export const days = computed(() => ranges.find((range) => String(range) === place.value.detail) ?? 7);

/** The link to a view. */
export function linkTo(view: View, detail = ""): string {
  return detail === "" ? `#${view}` : `#${view}/${encodeURIComponent(detail)}`;
}
