import { useSignal } from "@preact/signals";
import { isKeyLike, signIn } from "../state/session.ts";
import { words } from "../words/words.ts";
import { errorText } from "./error-text.ts";

/** Asks for a key where none was handed over. */
export function KeyForm() {
  const { key } = words.value;
  const text = useSignal("");
  const isRemembered = useSignal(false);
  const fault = useSignal<string | undefined>(undefined);

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    fault.value = isKeyLike(text.value) ? undefined : key.malformed;
    if (fault.value !== undefined) return;
    await signIn(text.value, isRemembered.value).catch((error: unknown) => {
      fault.value = errorText(error);
    });
  }

  return (
    <form class="card key-form" onSubmit={submit}>
      <h2>{key.title}</h2>
      <p class="help">{key.help}</p>
      <label class="field">
        <span>{key.label}</span>
        <input
          type="password"
          autocomplete="off"
          spellcheck={false}
          placeholder="we_…"
          aria-invalid={fault.value !== undefined}
          aria-describedby="key-fault"
          value={text.value}
          onInput={({ currentTarget }) => {
            text.value = currentTarget.value.trim();
          }}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={isRemembered.value}
          onChange={({ currentTarget }) => {
            isRemembered.value = currentTarget.checked;
          }}
        />
        <span>
          {key.remember} <small>{key.rememberNote}</small>
        </span>
      </label>
      <p id="key-fault" class="fault" role="alert">
        {fault.value}
      </p>
      <button type="submit" class="primary">
        {key.use}
      </button>
    </form>
  );
}
