import { RangeChoice } from "./range-choice.tsx";

interface ViewHeadProps {
  /** Of the heading, which labels the view. */
  readonly id: string;
  readonly title: string;
  readonly action: string;
  readonly onAction: () => void;
}

/** The head of a view of some days: its title, the choice of days, and what can be done with what is shown. */
export function ViewHead({ id, title, action, onAction }: ViewHeadProps) {
  return (
    <div class="view-head">
      <h2 id={id}>{title}</h2>
      <RangeChoice />
      <button type="button" onClick={onAction}>
        {action}
      </button>
    </div>
  );
}
