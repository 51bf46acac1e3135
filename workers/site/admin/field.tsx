import type { Signal } from "@preact/signals";

interface FieldProps {
  readonly label: string;
  readonly value: Signal<string>;
  readonly type?: "text" | "number";
  readonly min?: string;
  readonly step?: string;
  readonly pattern?: string;
  readonly required?: boolean;
}

/** One line of a form. */
export function Field({ label, value, type = "text", ...rules }: FieldProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        {...(type === "number" ? { type: "number" as const } : { type: "text" as const, list: undefined })}
        autocomplete="off"
        spellcheck={false}
        {...rules}
        value={value.value}
        onInput={({ currentTarget }) => {
          value.value = currentTarget.value;
        }}
      />
    </label>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: Signal<string>;
  readonly options: readonly string[];
  /** Stands for the empty text. */
  readonly none: string;
}

/** One choice of a form, or none. */
export function Choice({ label, value, options, none }: ChoiceProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <select
        value={value.value}
        onChange={({ currentTarget }) => {
          value.value = currentTarget.value;
        }}
      >
        <option value="">{none}</option>
        {options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    </label>
  );
}
