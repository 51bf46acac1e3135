import { make, run, stop } from "../state/make.ts";
import { ceilingMicroUsd } from "../state/quote.ts";
import { apiKey } from "../state/session.ts";
import { change, hasStyles, model, settings } from "../state/settings.ts";
import { words } from "../words/words.ts";
import { Advanced } from "./advanced.tsx";
import { dollars } from "./money.ts";

/** Where a request is put together. */
export function Composer() {
  const { prompt, make: texts } = words.value;
  const { prompt: text, n } = settings.value;
  const isReady = apiKey.value !== undefined && text.trim() !== "" && run.value === undefined;

  function submit(event: Event): void {
    event.preventDefault();
    if (isReady) void make(settings.value);
  }

  return (
    <form class="composer" onSubmit={submit}>
      <label class="prompt">
        <span>{prompt.label}</span>
        <textarea
          rows={3}
          maxLength={32_000}
          placeholder={prompt.placeholder}
          value={text}
          onInput={({ currentTarget }) => change({ prompt: currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
          }}
        />
      </label>
      {hasStyles(model.value) && <Styles />}
      <div class="make">
        {run.value === undefined ? (
          <button key="make" type="submit" class="primary" aria-disabled={!isReady} title={texts.shortcut}>
            {n > 1 ? texts.makeMany(n) : texts.make}
          </button>
        ) : (
          // A button of its own: the browser would submit the form with one that becomes "make" under the pointer.
          <button key="stop" type="button" class="primary stop" onClick={stop}>
            {texts.stop}
          </button>
        )}
        <output class="price" title={texts.priceNote}>
          {ceilingMicroUsd.value === undefined ? texts.priceUnknown : texts.price(dollars(ceilingMicroUsd.value))}
        </output>
      </div>
      <Advanced />
    </form>
  );
}

function Styles() {
  const { style: label, styles } = words.value.prompt;
  return (
    <fieldset class="chips">
      <legend class="visually-hidden">{label}</legend>
      {Object.entries(styles).map(([style, name]) => (
        <label key={style} class="chip">
          <input
            type="radio"
            name="style"
            class="visually-hidden"
            checked={settings.value.style === style}
            onChange={() => change({ style })}
          />
          <span>{name}</span>
        </label>
      ))}
    </fieldset>
  );
}
