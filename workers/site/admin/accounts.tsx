import { useSignal } from "@preact/signals";
import type { ListedAccountItem } from "../../../shared/api/admin-answers.ts";
import { Answered } from "./answered.tsx";
import { moment } from "./figures.ts";
import { ask } from "./operator.ts";
import { OrderFault, onSubmit, useOrder } from "./order.tsx";
import { linkTo } from "./place.ts";
import { Table } from "./table.tsx";
import { useAnswer } from "./use-answer.ts";
import { adminWords } from "./words.ts";

interface AccountList {
  readonly data: readonly ListedAccountItem[];
  readonly has_more: boolean;
}

/** All accounts, and the form that opens one. */
export function AccountsView() {
  const { accounts: texts, none } = adminWords.value;
  const after = useSignal("");
  const asked = useAnswer<AccountList>(`/v1/admin/accounts?limit=50&after=${encodeURIComponent(after.value)}`);
  return (
    <section aria-labelledby="accounts-title" class="view">
      <h2 id="accounts-title">{texts.title}</h2>
      <OpenAccount />
      <div class="card">
        <Answered asked={asked}>
          {({ data, has_more }) => (
            <>
              <Table
                label={texts.title}
                columns={[texts.id, texts.name, texts.state, texts.created]}
                empty={none}
                rows={data.map(({ id, name, suspended, created }) => ({
                  key: id,
                  cells: [
                    <a key="id" href={linkTo("accounts", id)}>
                      {id}
                    </a>,
                    name,
                    suspended ? texts.suspended : texts.active,
                    moment(created),
                  ],
                }))}
              />
              {has_more && (
                <button
                  type="button"
                  onClick={() => {
                    after.value = data.at(-1)?.id ?? "";
                  }}
                >
                  {texts.more}
                </button>
              )}
            </>
          )}
        </Answered>
      </div>
    </section>
  );
}

function OpenAccount() {
  const { accounts: texts } = adminWords.value;
  const id = useSignal("");
  const name = useSignal("");
  const { fault, send } = useOrder();

  async function open(): Promise<undefined> {
    const body = name.value === "" ? {} : { name: name.value };
    await ask({ method: "PUT", path: `/v1/admin/accounts/${encodeURIComponent(id.value)}`, body });
    location.hash = linkTo("accounts", id.value);
  }

  return (
    <form class="card row-form" onSubmit={onSubmit(() => send(open))}>
      <h3>{texts.open}</h3>
      <label class="field">
        <span>{texts.id}</span>
        <input
          required
          pattern="[a-z0-9][a-z0-9._\-]{0,63}"
          autocomplete="off"
          spellcheck={false}
          value={id.value}
          onInput={({ currentTarget }) => {
            id.value = currentTarget.value;
          }}
        />
      </label>
      <label class="field">
        <span>{texts.name}</span>
        <input
          maxLength={128}
          value={name.value}
          onInput={({ currentTarget }) => {
            name.value = currentTarget.value;
          }}
        />
      </label>
      <button type="submit">{texts.create}</button>
      <p class="help">{texts.openHelp}</p>
      <OrderFault fault={fault} />
    </form>
  );
}
