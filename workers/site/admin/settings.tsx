import { useSignal } from "@preact/signals";
import type { AccountItem } from "../../../shared/api/admin-answers.ts";
import type { PartProps } from "./credit.tsx";
import { Field } from "./field.tsx";
import { ask } from "./operator.ts";
import { OrderOutcome, onSubmit, useOrder } from "./order.tsx";
import { adminWords } from "./words.ts";

/** The form of an account's name, limits and suspension. */
export function Settings({ account, path, changed }: PartProps & { readonly account: AccountItem }) {
  const { accounts: texts } = adminWords.value;
  const name = useSignal(account.name);
  const concurrency = useSignal(textOf(account.concurrency_max));
  const perPrompt = useSignal(textOf(account.latents_per_prompt));
  const bytes = useSignal(textOf(account.latent_bytes_max));
  const stripe = useSignal(account.stripe_customer ?? "");
  const isSuspended = useSignal(account.suspended);
  const order = useOrder();

  async function save(): Promise<string> {
    const body = {
      name: name.value,
      suspended: isSuspended.value,
      concurrency_max: numberOf(concurrency.value),
      latents_per_prompt: numberOf(perPrompt.value),
      latent_bytes_max: numberOf(bytes.value),
      stripe_customer: stripe.value === "" ? null : stripe.value,
    };
    await ask({ method: "PUT", path, body });
    changed();
    return texts.saved;
  }

  return (
    <form class="card row-form" onSubmit={onSubmit(() => order.send(save))}>
      <h3>{texts.settings}</h3>
      <Field label={texts.name} value={name} />
      <Field label={texts.concurrency} type="number" min="1" value={concurrency} />
      <Field label={texts.latentsPerPrompt} type="number" min="1" value={perPrompt} />
      <Field label={texts.latentBytes} type="number" min="0" value={bytes} />
      <Field label={texts.stripe} value={stripe} />
      <label class="check">
        <input
          type="checkbox"
          checked={isSuspended.value}
          onChange={({ currentTarget }) => {
            isSuspended.value = currentTarget.checked;
          }}
        />
        <span>{texts.isSuspended}</span>
      </label>
      <button type="submit">{texts.save}</button>
      <p class="help">{texts.empty}</p>
      <OrderOutcome {...order} />
    </form>
  );
}

function textOf(value: number | null): string {
  return value === null ? "" : String(value);
}

function numberOf(text: string): number | null {
  return text === "" ? null : Number(text);
}
