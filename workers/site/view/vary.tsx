import { useSignal } from "@preact/signals";
import { makeAtOnce, run } from "../state/make.ts";
import type { Result } from "../state/results.ts";
import { words } from "../words/words.ts";

/** Siblings of a picture: how much of it is made anew, and how many. */
export function Vary(result: Result) {
  const { vary: texts } = words.value;
  const strength = useSignal(0.5);

  function vary(): void {
    const body = {
      ...(result.prompt !== "" && { prompt: result.prompt }),
      strength: strength.value,
      reuse: "fresh",
      ...(result.format !== "png" && { output_format: result.format }),
    };
    const request = { method: "POST", path: `/v1/latents/${result.latentId}/variations`, body } as const;
    void makeAtOnce(request, result, result.prompt);
  }

  return (
    <div class="panel">
      <label class="slider">
        <span>{texts.strength}</span>
        <input
          type="range"
          min={0.1}
          max={1}
          step={0.05}
          value={strength.value}
          onInput={({ currentTarget }) => {
            strength.value = currentTarget.valueAsNumber;
          }}
        />
        <output>{strength.value.toFixed(2)}</output>
      </label>
      <p class="help">{texts.help}</p>
      <button type="button" class="primary" onClick={vary} disabled={run.value !== undefined}>
        {texts.make}
      </button>
    </div>
  );
}
