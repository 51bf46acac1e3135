import { balance } from "../state/session.ts";
import { dollars } from "../view/money.ts";
import { TopUp } from "./top-up.tsx";
import { accountWords } from "./words.ts";

/** What the account has. */
export function Overview() {
  const { balance: texts } = accountWords.value;
  const amounts = balance.value;
  return (
    <section class="card" aria-labelledby="balance-title">
      <h2 id="balance-title">{texts.title}</h2>
      {amounts === undefined ? (
        <p class="help">{texts.unread}</p>
      ) : (
        <dl class="figures">
          <div>
            <dt>{texts.available}</dt>
            <dd>{dollars(amounts.available_micro_usd)}</dd>
          </div>
          <div>
            <dt>{texts.held}</dt>
            <dd>{dollars(amounts.held_micro_usd)}</dd>
          </div>
          <div>
            <dt>{texts.spent}</dt>
            <dd>{dollars(amounts.spent_micro_usd)}</dd>
          </div>
        </dl>
      )}
      <TopUp />
    </section>
  );
}
