import { useMemo } from "preact/hooks";
import type { UsageDay, UsageGroup } from "../../../shared/api/usage.ts";
import { errorText } from "../view/error-text.ts";
import { dollars } from "../view/money.ts";
import { TimeChart } from "../view/time-chart.tsx";
import { words } from "../words/words.ts";
import { daysShown, keys, usage } from "./account-data.ts";
import { csvFile, save } from "./own-data.ts";
import { accountWords } from "./words.ts";

const dayMs = 86_400_000;

/** What was spent and saved: a chart, and the same figures as tables. */
export function UsagePanel() {
  const { usage: texts } = accountWords.value;
  const known = usage.value;
  return (
    <section class="card" aria-labelledby="usage-title">
      <h2 id="usage-title">{texts.title}</h2>
      <p class="help">{texts.help}</p>
      {known !== undefined && "error" in known && <p class="fault">{errorText(known.error)}</p>}
      {known !== undefined && "value" in known && known.value.length === 0 && <p>{texts.none}</p>}
      {known !== undefined && "value" in known && known.value.length > 0 && <Days days={known.value} />}
    </section>
  );
}

function Days({ days }: { readonly days: readonly UsageDay[] }) {
  const { usage: texts } = accountWords.value;
  const groups = days.flatMap((day) => day.groups);
  const linesOf = (kind: string) =>
    sum(
      groups.filter((group) => group.kind === kind),
      ({ lines }) => lines,
    );
  const savedMs = sum(days, ({ saved }) => saved.gpu_ms);
  return (
    <>
      <dl class="figures">
        <Figure name={texts.total} value={dollars(sum(days, (day) => day.micro_usd))} />
        <Figure
          name={texts.saved}
          value={dollars(sum(days, ({ saved }) => saved.micro_usd))}
          note={texts.savedGpu((savedMs / 1_000).toFixed(1))}
        />
        <Figure name={texts.newLatents} value={linesOf("generation")} />
        <Figure name={texts.reusedLatents} value={linesOf("hit")} />
        <Figure name={texts.decodes} value={linesOf("decode")} />
      </dl>
      <p class="help">{texts.savedHelp}</p>
      <DaysChart days={days} />
      <div class="tables">
        <SumTable title={texts.byDay} column={texts.day} rows={days.map((day) => [day.day, [day]])} />
        <SumTable
          title={texts.byKind}
          column={texts.kind}
          rows={grouped(groups, ({ kind = "" }) => texts.kinds[kind] ?? kind)}
        />
        <SumTable title={texts.byTier} column={texts.tier} rows={grouped(groups, ({ tier }) => nameOfTier(tier))} />
        <SumTable title={texts.byKey} column={texts.key} rows={grouped(groups, ({ key }) => nameOfKey(key))} />
      </div>
      <button type="button" onClick={() => void download()}>
        {texts.csv}
      </button>
    </>
  );
}

function Figure({
  name,
  value,
  note,
}: {
  readonly name: string;
  readonly value: string | number;
  readonly note?: string;
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value} {note !== undefined && <small>{note}</small>}
      </dd>
    </div>
  );
}

function DaysChart({ days }: { readonly days: readonly UsageDay[] }) {
  const { usage: texts } = accountWords.value;
  const { times, series } = useMemo(() => {
    const known = new Map(days.map((day) => [Date.parse(day.day), day]));
    const today = Math.floor(Date.now() / dayMs) * dayMs;
    const times = Array.from({ length: daysShown }, (_, index) => today - (daysShown - 1 - index) * dayMs);
    const row = (label: string, colour: string, of: (day: UsageDay) => number) => ({
      label,
      colour,
      values: times.map((time) => {
        const day = known.get(time);
        return day === undefined ? 0 : of(day) / 1_000_000;
      }),
    });
    return {
      times: times.map((time) => time / 1_000),
      series: [
        row(texts.spent, "--stage-c", (day) => day.micro_usd),
        row(texts.saved, "--stage-b", ({ saved }) => saved.micro_usd),
      ],
    };
  }, [days, texts]);
  return (
    <figure class="chart-figure">
      <TimeChart
        label={texts.chart}
        times={times}
        series={series}
        shape="bars"
        format={(value) => dollars(Math.round(value * 1_000_000))}
      />
      <figcaption class="legend">
        {series.map(({ label, colour }) => (
          <span key={label}>
            <span class="swatch" style={{ background: `var(${colour})` }} aria-hidden="true" /> {label}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

type Sums = Pick<UsageGroup, "lines" | "micro_usd">;

interface SumTableProps {
  readonly title: string;
  readonly column: string;
  readonly rows: readonly (readonly [string, readonly Sums[]])[];
}

function SumTable({ title, column, rows }: SumTableProps) {
  const { usage: texts } = accountWords.value;
  return (
    <table>
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">{column}</th>
          <th scope="col">{texts.lines}</th>
          <th scope="col">{texts.amount}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, parts]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{sum(parts, ({ lines }) => lines)}</td>
            <td>{dollars(sum(parts, ({ micro_usd }) => micro_usd))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function grouped(groups: readonly UsageGroup[], nameOf: (group: UsageGroup) => string): SumTableProps["rows"] {
  const rows = new Map<string, readonly UsageGroup[]>();
  for (const group of groups) rows.set(nameOf(group), [...(rows.get(nameOf(group)) ?? []), group]);
  return [...rows];
}

/** How pictures were served, in the words that the playground has for it. */
function nameOfTier(tier: UsageGroup["tier"]): string {
  return tier === null || tier === undefined ? accountWords.value.usage.noTier : words.value.result.tier[tier];
}

/** A key by the name that its account knows, else by its id. */
function nameOfKey(id: string | null | undefined): string {
  if (id === null || id === undefined) return accountWords.value.usage.noKey;
  const known = keys.value;
  const found = known !== undefined && "value" in known ? known.value.find((key) => key.id === id) : undefined;
  return found === undefined || found.name === "" ? id : found.name;
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

async function download(): Promise<void> {
  save(await csvFile("/v1/usage?group_by=key,kind,tier&format=csv"), "usage.csv");
}
