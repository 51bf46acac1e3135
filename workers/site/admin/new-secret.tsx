import { type Signal, useSignal } from "@preact/signals";
import { adminWords } from "./words.ts";

/** A key that was just made, until the operator says that it was copied. */
export function NewSecret({ secret }: { readonly secret: Signal<string | undefined> }) {
  const { keys: texts } = adminWords.value;
  const isCopied = useSignal(false);
  const text = secret.value;
  if (text === undefined) return null;

  async function copy(): Promise<void> {
    await navigator.clipboard.writeText(text ?? "");
    isCopied.value = true;
  }

  return (
    <div class="secret" role="status">
      <p>{texts.secret}</p>
      <output>{text}</output>
      <p class="help">{texts.secretHelp}</p>
      <span class="actions">
        <button type="button" onClick={copy}>
          {isCopied.value ? texts.copied : texts.copy}
        </button>
        <button
          type="button"
          onClick={() => {
            secret.value = undefined;
            isCopied.value = false;
          }}
        >
          {texts.done}
        </button>
      </span>
    </div>
  );
}
