import { computed, signal } from "@preact/signals";

/** The parts of the page. */
export const views = ["traffic", "spend", "kpi", "accounts", "audit", "system"] as const;

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

/** The days that the fragment names; without them a week, on the page to print a month. */
export const days = computed(() => {
  const { view, detail } = place.value;
  return ranges.find((range) => String(range) === detail) ?? (view === "kpi" ? 30 : 7);
});

/** The link to a view. */
export function linkTo(view: View, detail = ""): string {
  return detail === "" ? `#${view}` : `#${view}/${encodeURIComponent(detail)}`;
}
