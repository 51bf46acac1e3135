import { useSignal } from "@preact/signals";
import { asCode, type CodeLanguage, codeLanguages } from "../api/as-code.ts";
import type { Result } from "../state/results.ts";
import { words } from "../words/words.ts";

/** The request of a picture as code, in three languages. */
export function Code({ request }: Result) {
  const { actions: texts } = words.value;
  const language = useSignal<CodeLanguage>("curl");
  const code = asCode(language.value, request, location.origin);
  return (
    <div class="code">
      <fieldset class="tabs" aria-label={texts.code}>
        {codeLanguages.map((name) => (
          <button
            key={name}
            type="button"
            class="quiet"
            aria-pressed={language.value === name}
            onClick={() => {
              language.value = name;
            }}
          >
            {name}
          </button>
        ))}
        <button type="button" class="quiet copy" onClick={() => navigator.clipboard.writeText(code)}>
          {texts.copyCode}
        </button>
      </fieldset>
      <pre>
        <code>{code}</code>
      </pre>
      <p class="help">{texts.codeNote}</p>
    </div>
  );
}
