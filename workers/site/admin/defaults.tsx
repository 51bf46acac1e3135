import { useSignal } from "@preact/signals";
import type { AccountItem } from "../../../shared/api/admin-answers.ts";
import type { RequestDefaults } from "../../../shared/api/request-defaults.ts";
import { outputFormatNames } from "../../../shared/output-format.ts";
import type { PartProps } from "./credit.tsx";
import { Choice, Field } from "./field.tsx";
import { ask } from "./operator.ts";
import { OrderOutcome, onSubmit, useOrder } from "./order.tsx";
import { adminWords } from "./words.ts";

const reuses = ["prefer", "fresh"] as const;
const responseFormats = ["url", "b64_json"] as const;

/** The form of what requests of an account's keys mean where neither they nor their key say anything. */
export function Defaults({ account, path, changed }: PartProps & { readonly account: AccountItem }) {
  const { accounts: texts, defaults: names } = adminWords.value;
  const reuse = useSignal<string>(account.defaults?.reuse ?? "");
  const size = useSignal(account.defaults?.size ?? "");
  const format = useSignal<string>(account.defaults?.output_format ?? "");
  const response = useSignal<string>(account.defaults?.response_format ?? "");
  const order = useOrder();

  async function save(): Promise<string> {
    const fields = { reuse, size, output_format: format, response_format: response };
    const set = Object.entries(fields).filter(([, { value }]) => value !== "");
    const defaults = set.length === 0 ? null : Object.fromEntries(set.map(([name, { value }]) => [name, value]));
    await ask({ method: "PUT", path, body: { defaults } });
    changed();
    return texts.saved;
  }

  return (
    <form class="card row-form" onSubmit={onSubmit(() => order.send(save))}>
      <h3>{names.title}</h3>
      <Choice label={names.reuse} value={reuse} options={reuses} none={names.none} />
      <Field label={names.size} value={size} pattern="\d{1,5}x\d{1,5}" />
      <Choice label={names.output_format} value={format} options={outputFormatNames} none={names.none} />
      <Choice label={names.response_format} value={response} options={responseFormats} none={names.none} />
      <button type="submit">{texts.save}</button>
      <p class="help">{names.help}</p>
      <OrderOutcome {...order} />
    </form>
  );
}

/** "reuse fresh, size 512x512"; a dash for none. */
export function defaultsText(defaults: RequestDefaults | null): string {
  const set = Object.entries(defaults ?? {}).map(([name, value]) => `${name} ${value}`);
  return set.length === 0 ? "–" : set.join(", ");
}
