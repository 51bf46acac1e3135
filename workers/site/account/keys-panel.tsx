import type { OwnKey } from "../../../shared/api/own-keys.ts";
import { errorText } from "../view/error-text.ts";
import { dollars } from "../view/money.ts";
import { keys } from "./account-data.ts";
import { timeText } from "./time-text.ts";
import { accountWords } from "./words.ts";

/** The account's keys: what each may do, and until when. */
export function KeysPanel() {
  const { keys: texts } = accountWords.value;
  const known = keys.value;
  return (
    <section class="card" aria-labelledby="keys-title">
      <h2 id="keys-title">{texts.title}</h2>
      <p class="help">{texts.help}</p>
      {known !== undefined && "error" in known && <p class="fault">{errorText(known.error)}</p>}
      {known !== undefined && "value" in known && (
        <ul class="keys">
          {known.value.map((key) => (
            <li key={key.id}>
              <h3>
                {key.name === "" ? key.id : key.name} {key.current && <span class="tag">{texts.current}</span>}
              </h3>
              <p class="help">{[key.id, stateOf(key)].join(" · ")}</p>
              <p class="help">{[...key.scopes, ...limitsOf(key)].join(" · ")}</p>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function stateOf({ revoked_at: revoked, expires_at: expires }: OwnKey): string {
  const { keys: texts } = accountWords.value;
  const text = (time: string) => timeText(Date.parse(time) / 1_000);
  if (revoked !== null) return texts.revoked(text(revoked));
  if (expires === null) return texts.active;
  return Date.parse(expires) <= Date.now() ? texts.expired(text(expires)) : texts.expires(text(expires));
}

function limitsOf({ requests_per_minute: rate, budget_micro_usd_per_day: budget }: OwnKey): readonly string[] {
  const { keys: texts } = accountWords.value;
  return [...(rate === null ? [] : [texts.rate(rate)]), ...(budget === null ? [] : [texts.budget(dollars(budget))])];
}
