import { useSignal } from "@preact/signals";
import { ApiError } from "../api/client.ts";
import { errorText } from "../view/error-text.ts";
import { isRefused, signIn } from "./operator.ts";
import { adminWords } from "./words.ts";

/** Asks for the operator's credential. */
export function CredentialForm() {
  const { credential: texts } = adminWords.value;
  const text = useSignal("");
  const fault = useSignal<string | undefined>(isRefused.value ? texts.wrong : undefined);

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    fault.value = undefined;
    await signIn(text.value).catch((error: unknown) => {
      const isWrong = error instanceof ApiError && error.status === 401;
      fault.value = isWrong ? texts.wrong : errorText(error);
    });
  }

  return (
    <form class="card key-form" onSubmit={submit}>
      <h2>{texts.title}</h2>
      <p class="help">{texts.help}</p>
      <label class="field">
        <span>{texts.label}</span>
        <input
          type="password"
          autocomplete="off"
          spellcheck={false}
          required
          aria-invalid={fault.value !== undefined}
          aria-describedby="credential-fault"
          value={text.value}
          onInput={({ currentTarget }) => {
            text.value = currentTarget.value.trim();
          }}
        />
      </label>
      <p id="credential-fault" class="fault" role="alert">
        {fault.value}
      </p>
      <button type="submit" class="primary">
        {texts.use}
      </button>
    </form>
  );
}
