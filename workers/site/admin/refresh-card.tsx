import type { ComponentChildren } from "preact";
import { adminWords } from "./words.ts";

interface RefreshCardProps {
  readonly title: string;
  readonly onRefresh: () => unknown;
  readonly children: ComponentChildren;
}

/** A card of what the service tells, with a button that asks it again. */
export function RefreshCard({ title, onRefresh, children }: RefreshCardProps) {
  return (
    <section class="card">
      <div class="view-head">
        <h3>{title}</h3>
        <button type="button" class="small" onClick={() => void onRefresh()}>
          {adminWords.value.refresh}
        </button>
      </div>
      {children}
    </section>
  );
}
