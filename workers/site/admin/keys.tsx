import { useSignal } from "@preact/signals";
import type { CreatedKey, KeyItem } from "../../../shared/api/admin-answers.ts";
import { dollars } from "../view/money.ts";
import { Answered } from "./answered.tsx";
import type { PartProps } from "./credit.tsx";
import { defaultsText } from "./defaults.tsx";
import { Field } from "./field.tsx";
import { count, moment } from "./figures.ts";
import { KeyActions } from "./key-actions.tsx";
import { NewSecret } from "./new-secret.tsx";
import { ask } from "./operator.ts";
import { OrderFault, useOrder } from "./order.tsx";
import { Table } from "./table.tsx";
import { useAnswer } from "./use-answer.ts";
import { adminWords } from "./words.ts";

interface KeyList {
  readonly data: readonly KeyItem[];
}

/** The account's keys: create, rotate, revoke. A key's secret is held here until it was copied, and nowhere else. */
export function Keys({ path, changed }: PartProps) {
  const { keys: texts, defaults: names, none } = adminWords.value;
  const asked = useAnswer<KeyList>(`${path}/keys`);
  const secret = useSignal<string | undefined>(undefined);
  const { fault, send } = useOrder();

  async function change(order: () => Promise<CreatedKey>): Promise<void> {
    await send(async () => {
      const { key } = await order();
      if (key !== undefined) secret.value = key;
      await asked.refresh();
      changed();
      return undefined;
    });
  }

  return (
    <section class="card">
      <h3>{texts.title}</h3>
      <NewSecret secret={secret} />
      <OrderFault fault={fault} />
      <Answered asked={asked}>
        {({ data }) => (
          <Table
            label={texts.title}
            columns={[texts.name, texts.id, texts.scopes, texts.limits, texts.models, names.title, texts.state, ""]}
            empty={none}
            rows={data.map((item) => ({
              key: item.id,
              cells: [...keyCells(item), <KeyActions key="do" item={item} path={path} change={change} />],
            }))}
          />
        )}
      </Answered>
      <CreateKey path={path} change={change} />
    </section>
  );
}

function keyCells({ name, id, scopes, models, defaults, ...terms }: KeyItem) {
  const { keys: texts } = adminWords.value;
  const { requests_per_minute: rate, budget_micro_usd_per_day: budget } = terms;
  const limits = [rate !== null && texts.perMinute(count(rate)), budget !== null && texts.perDay(dollars(budget))];
  return [
    name,
    <code key="id">{id}</code>,
    scopes.join(", "),
    limits.filter((limit) => limit !== false).join(", ") || "–",
    models?.join(", ") ?? texts.allModels,
    defaultsText(defaults),
    keyState(terms),
  ];
}

function keyState({ revoked_at, expires_at }: Pick<KeyItem, "revoked_at" | "expires_at">): string {
  const { keys: texts } = adminWords.value;
  if (revoked_at !== null) return `${texts.revoked} ${moment(revoked_at)}`;
  return expires_at === null ? texts.active : texts.expires(moment(expires_at));
}

interface CreateProps {
  readonly path: string;
  readonly change: (order: () => Promise<CreatedKey>) => Promise<void>;
}

function CreateKey({ path, change }: CreateProps) {
  const { keys: texts } = adminWords.value;
  const name = useSignal("");
  const rate = useSignal("");
  const budget = useSignal("");
  const models = useSignal("");

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    const allowed = models.value.split(",").flatMap((id) => (id.trim() === "" ? [] : id.trim()));
    const body = {
      name: name.value,
      ...(rate.value !== "" && { requests_per_minute: Number(rate.value) }),
      ...(budget.value !== "" && { budget_micro_usd_per_day: Math.round(Number(budget.value) * 1_000_000) }),
      ...(allowed.length > 0 && { models: allowed }),
    };
    await change(() => ask<CreatedKey>({ method: "POST", path: `${path}/keys`, body }));
    name.value = "";
  }

  return (
    <form class="row-form" onSubmit={submit}>
      <Field label={texts.createName} value={name} required />
      <Field label={texts.createRate} type="number" min="1" value={rate} />
      <Field label={texts.createBudget} type="number" min="0" step="0.000001" value={budget} />
      <Field label={texts.createModels} value={models} />
      <button type="submit">{texts.create}</button>
    </form>
  );
}
