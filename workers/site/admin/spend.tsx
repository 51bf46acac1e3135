import type { SpendAnswer } from "../../../shared/api/spend.ts";
import { dollars } from "../view/money.ts";
import { Answered } from "./answered.tsx";
import { count, duration, share } from "./figures.ts";
import { days, linkTo } from "./place.ts";
import { Table } from "./table.tsx";
import { useAnswer } from "./use-answer.ts";
import { ViewHead } from "./view-head.tsx";
import { adminWords } from "./words.ts";

/** Who was charged most in the chosen days. */
export function SpendView() {
  const asked = useAnswer<SpendAnswer>(`/v1/admin/spend?days=${days.value}`);
  const { spend: texts, nav, refresh, utc, traffic } = adminWords.value;
  return (
    <section aria-labelledby="spend-title" class="view">
      <ViewHead id="spend-title" title={nav.spend} action={refresh} onAction={asked.refresh} />
      <Answered asked={asked}>
        {({ accounts, keys, total_micro_usd: total }) => (
          <>
            <dl class="figures card">
              <div>
                <dt>{texts.total}</dt>
                <dd>{dollars(total)}</dd>
              </div>
            </dl>
            <SpendTable label={texts.accounts} total={total} rows={accounts} />
            <SpendTable label={texts.keys} total={total} rows={keys} />
          </>
        )}
      </Answered>
      <p class="help">
        {traffic.delay} {texts.days} {utc}
      </p>
    </section>
  );
}

interface SpendTableProps {
  readonly label: string;
  readonly total: number;
  readonly rows: readonly (SpendAnswer["accounts"][number] & { readonly key?: string })[];
}

function SpendTable({ label, total, rows }: SpendTableProps) {
  const { spend: texts, system, traffic, none } = adminWords.value;
  const hasKeys = rows.some(({ key }) => key !== undefined);
  const names = hasKeys ? [texts.key, system.account] : [system.account];
  const figures = [system.spent, texts.share, traffic.requests, texts.saved, traffic.gpuSpent];
  return (
    <section class="card">
      <h3>{label}</h3>
      <Table
        label={label}
        columns={[...names, ...figures]}
        figures={figures.map((_, index) => names.length + index)}
        empty={none}
        rows={rows.map(({ account, key, ...sums }) => ({
          key: key ?? account,
          cells: [
            ...(key === undefined ? [] : [<code key="key">{key}</code>]),
            <a key="account" href={linkTo("accounts", account)}>
              {account}
            </a>,
            dollars(sums.micro_usd),
            share(total === 0 ? null : sums.micro_usd / total),
            count(sums.requests),
            dollars(sums.saved_micro_usd),
            duration(sums.gpu_ms),
          ],
        }))}
      />
    </section>
  );
}
