import { useSignal } from "@preact/signals";
import type { BalanceResponse } from "../../../shared/api/money.ts";
import type { LedgerItem } from "../../../shared/api/operator-answers.ts";
import { dollars } from "../view/money.ts";
import { Field } from "./field.tsx";
import { ask } from "./operator.ts";
import { OrderOutcome, onSubmit, useOrder } from "./order.tsx";
import { useAnswer } from "./use-answer.ts";
import { adminWords } from "./words.ts";

/** A part of an account's page. */
export interface PartProps {
  /** Of the account in the API. */
  readonly path: string;
  /** Hears of every change, which the audit log then shows. */
  readonly changed: () => void;
}

/** What the account has, and the form that adds to it. */
export function Credit({ path, changed }: PartProps) {
  const { accounts: texts, system } = adminWords.value;
  const ledger = useAnswer<LedgerItem>(`${path}/ledger`);
  const amount = useSignal("");
  const grantId = useSignal(newGrantId());
  const order = useOrder();

  async function grant(microUsd: number): Promise<string> {
    const body = { grant_id: grantId.value, micro_usd: microUsd };
    const after = await ask<BalanceResponse>({ method: "POST", path: `${path}/grants`, body });
    grantId.value = newGrantId();
    amount.value = "";
    await ledger.refresh();
    changed();
    return texts.grantDone(dollars(after.available_micro_usd));
  }

  async function submit(): Promise<void> {
    const microUsd = Math.round(Number(amount.value) * 1_000_000);
    if (microUsd > 0) return order.send(() => grant(microUsd));
    order.note.value = "";
    order.fault.value = texts.amountWrong;
  }

  const shown = ledger.answer;
  return (
    <form class="card row-form" onSubmit={onSubmit(submit)}>
      <h3>{texts.balance}</h3>
      {shown !== undefined && (
        <dl class="figures">
          <div>
            <dt>{system.available}</dt>
            <dd>{dollars(shown.available_micro_usd)}</dd>
          </div>
          <div>
            <dt>{system.held}</dt>
            <dd>{dollars(shown.held_micro_usd)}</dd>
          </div>
          <div>
            <dt>{system.spent}</dt>
            <dd>{dollars(shown.spent_micro_usd)}</dd>
          </div>
        </dl>
      )}
      <Field label={texts.grantAmount} type="number" step="0.000001" min="0" value={amount} required />
      <Field label={texts.grantId} pattern="[\w.:\-]{1,128}" value={grantId} required />
      <button type="submit">{texts.grant}</button>
      <p class="help">{texts.grantHelp}</p>
      <OrderOutcome {...order} />
    </form>
  );
}

function newGrantId(): string {
  return `page-${crypto.randomUUID()}`;
}
