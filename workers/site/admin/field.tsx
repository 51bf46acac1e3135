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
