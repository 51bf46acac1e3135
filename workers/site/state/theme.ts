import { effect, signal } from "@preact/signals";

/** What a person may choose; "auto" follows the system. */
export const themes = ["auto", "light", "dark"] as const;

/** One of them. */
export type Theme = (typeof themes)[number];

const storedName = "theme";

/** The person's choice. */
export const theme = signal<Theme>(themes.find((name) => name === localStorage.getItem(storedName)) ?? "auto");

/** Keeps the document in step, and remembers a choice. */
export function followTheme(): void {
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
    // What the viewer of the reference goes by.
    document.documentElement.classList.toggle("dark-mode", isDark());
    localStorage.setItem(storedName, theme.value);
  });
}

function isDark(): boolean {
  return theme.value === "auto" ? matchMedia("(prefers-color-scheme: dark)").matches : theme.value === "dark";
}
