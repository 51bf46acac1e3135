import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { outputFormatNames } from "../../../shared/output-format.ts";
import { change, defaultSettings, isTransparent, model, models, settings } from "../state/settings.ts";
import { words } from "../words/words.ts";

/** What most people never need, each with a line that says what it does. */
export function Advanced() {
  const { advanced } = words.value;
  const { negative } = settings.value;
  return (
    <details class="advanced">
      <summary>{advanced.title}</summary>
      <div class="advanced-fields">
        {models.value.length > 1 && <ModelField />}
        <NumberFields />
        <SeedField />
        <ChoiceFields />
        <Field label={advanced.negative} help={advanced.negativeHelp}>
          {(ids) => (
            <input
              {...ids}
              type="text"
              value={negative}
              maxLength={32_000}
              onInput={({ currentTarget }) => change({ negative: currentTarget.value })}
            />
          )}
        </Field>
        <button type="button" class="quiet" onClick={() => change({ ...defaultSettings, ...kept() })}>
          {advanced.reset}
        </button>
      </div>
    </details>
  );
}

/** What the composer itself shows, and the model. */
function kept() {
  const { model: id, prompt, style } = settings.value;
  return { model: id, prompt, style };
}

/** What another model may not offer goes back to that model's own. */
function ModelField() {
  const { advanced } = words.value;
  const own = { size: undefined, steps: undefined, guidance: undefined };
  return (
    <Field label={advanced.model} help={advanced.modelHelp}>
      {(ids) => (
        <select
          {...ids}
          value={model.value?.id}
          onChange={({ currentTarget: { value } }) => change({ ...own, model: value })}
        >
          {models.value.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function NumberFields() {
  const { advanced } = words.value;
  const { n, steps, guidance } = settings.value;
  const item = model.value;
  return (
    <>
      <Field label={advanced.n} help={advanced.nHelp}>
        {(ids) => (
          <NumberInput {...ids} value={n} min={1} max={10} step={1} onChange={(value) => change({ n: value ?? 1 })} />
        )}
      </Field>
      <Field label={advanced.steps} help={advanced.stepsHelp}>
        {(ids) => (
          <NumberInput
            {...ids}
            value={steps}
            placeholder={item?.steps.default}
            min={item?.steps.min ?? 1}
            max={item?.steps.max ?? 100}
            step={1}
            onChange={(value) => change({ steps: value })}
          />
        )}
      </Field>
      <Field label={advanced.guidance} help={advanced.guidanceHelp}>
        {(ids) => (
          <NumberInput
            {...ids}
            value={guidance}
            placeholder={item?.guidance_scale.default}
            min={item?.guidance_scale.min ?? 0}
            max={item?.guidance_scale.max ?? 100}
            step={0.5}
            onChange={(value) => change({ guidance: value })}
          />
        )}
      </Field>
      {isTransparent(item) && <BackgroundField />}
    </>
  );
}

function BackgroundField() {
  const { advanced } = words.value;
  return (
    <Field label={advanced.background} help={advanced.backgroundHelp}>
      {(ids) => (
        <select
          {...ids}
          value={settings.value.background}
          onChange={({ currentTarget: { value } }) => change({ background: value === "opaque" ? "opaque" : "auto" })}
        >
          <option value="auto">{advanced.backgrounds.auto}</option>
          <option value="opaque">{advanced.backgrounds.opaque}</option>
        </select>
      )}
    </Field>
  );
}

function SeedField() {
  const { advanced } = words.value;
  return (
    <Field label={advanced.seed} help={advanced.seedHelp}>
      {(ids) => (
        <NumberInput
          {...ids}
          value={settings.value.seed}
          min={0}
          max={2 ** 32 - 1}
          step={1}
          onChange={(seed) => change({ seed })}
        />
      )}
    </Field>
  );
}

function ChoiceFields() {
  const { advanced } = words.value;
  const { size, reuse, format } = settings.value;
  const item = model.value;
  return (
    <>
      <Field label={advanced.size} help={advanced.sizeHelp}>
        {(ids) => (
          <select
            {...ids}
            value={size ?? item?.size_default}
            onChange={({ currentTarget }) => change({ size: currentTarget.value })}
          >
            {(item?.sizes ?? []).map((name) => (
              <option key={name} value={name}>
                {name.replace("x", " × ")}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={advanced.reuse} help={advanced.reuseHelp}>
        {(ids) => (
          <select
            {...ids}
            value={reuse}
            onChange={({ currentTarget: { value } }) =>
              change({ reuse: value === "fresh" || value === "similar" ? value : "prefer" })
            }
          >
            {Object.entries(advanced.reuses).map(([name, text]) => (
              <option key={name} value={name}>
                {text}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={advanced.format} help={advanced.formatHelp}>
        {(ids) => (
          <select
            {...ids}
            value={format}
            onChange={({ currentTarget: { value } }) =>
              change({ format: outputFormatNames.find((name) => name === value) ?? "png" })
            }
          >
            {outputFormatNames.map((name) => (
              <option key={name} value={name}>
                {name.toUpperCase()}
              </option>
            ))}
          </select>
        )}
      </Field>
    </>
  );
}

interface FieldProps {
  readonly label: string;
  readonly help: string;
  /** The control, which takes the ids of its label and help. */
  readonly children: (ids: { readonly id: string; readonly "aria-describedby": string }) => ComponentChildren;
}

function Field({ label, help, children }: FieldProps) {
  const id = useId();
  const helpId = `${id}-help`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, "aria-describedby": helpId })}
      <small id={helpId}>{help}</small>
    </div>
  );
}

interface NumberInputProps {
  readonly id: string;
  readonly "aria-describedby": string;
  readonly value: number | undefined;
  readonly placeholder?: number | undefined;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly onChange: (value: number | undefined) => void;
}

/** What is out of range, or no number, is not taken: the field says so by the browser's own means. */
function NumberInput({ value, placeholder, onChange, ...attributes }: NumberInputProps) {
  return (
    <input
      type="number"
      inputMode="decimal"
      value={value ?? ""}
      placeholder={placeholder === undefined ? "" : String(placeholder)}
      {...attributes}
      onInput={({ currentTarget }) => {
        if (currentTarget.validity.valid) {
          onChange(currentTarget.value === "" ? undefined : currentTarget.valueAsNumber);
        }
      }}
    />
  );
}
