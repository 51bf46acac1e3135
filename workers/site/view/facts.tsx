import type { Result } from "../state/results.ts";
import { change, settings } from "../state/settings.ts";
import { words } from "../words/words.ts";
import { LatentMap } from "./latent-map.tsx";
import { dollars } from "./money.ts";

/** What is told of a picture: where it came from, what it cost, where the time went. */
export function Facts(result: Result) {
  const { tier, isSimilar, microUsd, seed, milliseconds } = result;
  const { result: texts, advanced } = words.value;
  return (
    <aside class="facts" aria-label={texts.title}>
      <p class={`tier tier-${tier}`} title={texts.tierHelp[tier]}>
        {isSimilar ? texts.similar : texts.tier[tier]}
      </p>
      <p class="help">{texts.tierHelp[tier]}</p>
      <dl>
        <dt>{texts.price}</dt>
        <dd>{dollars(microUsd)}</dd>
        <dt>{texts.seed}</dt>
        <dd>
          {seed}{" "}
          <button
            type="button"
            class="quiet small"
            aria-pressed={settings.value.seed === seed}
            onClick={() => change({ seed: settings.value.seed === seed ? undefined : seed })}
          >
            {advanced.seedLock}
          </button>
        </dd>
      </dl>
      <LatentMap {...result} />
      <Times milliseconds={milliseconds} />
    </aside>
  );
}

/** Milliseconds by part, as one bar. */
function Times({ milliseconds }: Pick<Result, "milliseconds">) {
  const { result: texts } = words.value;
  const parts = Object.entries(milliseconds);
  const total = parts.reduce((sum, [, value]) => sum + value, 0);
  if (total === 0) return null;
  return (
    <div class="times">
      <h3>
        {texts.time} <span>{texts.milliseconds(total.toFixed(0))}</span>
      </h3>
      <div class="time-bar" aria-hidden="true">
        {parts.map(([part, value]) => (
          <span key={part} class={`part part-${part}`} style={{ flexGrow: value }} />
        ))}
      </div>
      <ul>
        {parts.map(([part, value]) => (
          <li key={part}>
            <span class={`swatch part-${part}`} aria-hidden="true" />
            {texts.parts[part] ?? part}
            <span class="figure">{texts.milliseconds(value.toFixed(0))}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
