import type { Traffic, TrafficSlot } from "../../../shared/api/traffic.ts";
import { dollars } from "../view/money.ts";
import { Answered } from "./answered.tsx";
import { count, duration, perPicture, share } from "./figures.ts";
import { BundleQuality } from "./kpi-quality.tsx";
import { days } from "./place.ts";
import { Table } from "./table.tsx";
import { TrendLine } from "./trend-line.tsx";
import { useAnswer } from "./use-answer.ts";
import { ViewHead } from "./view-head.tsx";
import { adminWords } from "./words.ts";

/** One A4 page for the person who signs: cost, reuse, quality, bias. */
export function KpiView() {
  const { kpi: texts } = adminWords.value;
  const asked = useAnswer<Traffic>(`/v1/admin/traffic?days=${days.value}`);
  return (
    <section aria-labelledby="kpi-title" class="view kpi">
      <ViewHead id="kpi-title" title={texts.title} action={texts.print} onAction={() => print()} />
      <Answered asked={asked}>
        {(traffic) => (
          <>
            <p class="help">{texts.period(traffic.from.slice(0, 10), lastDay(traffic))}</p>
            <Cost total={traffic.total} />
            <Reuse traffic={traffic} />
          </>
        )}
      </Answered>
      <BundleQuality />
      <dl class="signature">
        {[texts.decision, texts.name, texts.date].map((label) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd />
          </div>
        ))}
      </dl>
    </section>
  );
}

function Cost({ total }: { readonly total: TrafficSlot }) {
  const { kpi: texts, traffic, tier: names, none } = adminWords.value;
  const gpuMs = (tier: TrafficSlot["tiers"][number]) => tier.stage_c_ms + tier.decode_ms;
  return (
    <section class="card">
      <h3>{texts.cost}</h3>
      <Table
        label={texts.cost}
        columns={[traffic.tier, traffic.pictures, traffic.perPicture, traffic.gpuPerPicture, traffic.charged]}
        figures={[1, 2, 3, 4]}
        empty={none}
        rows={[
          ...total.tiers.map((tier) => ({
            key: tier.tier,
            cells: [
              names[tier.tier],
              count(tier.pictures),
              perPicture(tier.micro_usd, tier.pictures),
              duration(tier.pictures === 0 ? null : gpuMs(tier) / tier.pictures),
              dollars(tier.micro_usd),
            ],
          })),
          {
            key: "all",
            cells: [
              texts.all,
              count(total.pictures),
              perPicture(total.micro_usd, total.pictures),
              duration(total.pictures === 0 ? null : total.gpu_ms_spent / total.pictures),
              dollars(total.micro_usd),
            ],
          },
        ]}
      />
    </section>
  );
}

function Reuse({ traffic: { from, until, total, slots } }: { readonly traffic: Traffic }) {
  const { kpi: texts, traffic } = adminWords.value;
  const [fromMs, untilMs] = [Date.parse(from), Date.parse(until)];
  const middleMs = (fromMs + untilMs) / 2;
  const before = hitRate(slots.filter(({ at }) => Date.parse(at) < middleMs));
  const after = hitRate(slots.filter(({ at }) => Date.parse(at) >= middleMs));
  return (
    <section class="card">
      <h3>{texts.reuse}</h3>
      <dl class="figures">
        <div>
          <dt>{traffic.hitRate}</dt>
          <dd>{share(total.hit_rate)}</dd>
        </div>
        <div>
          <dt>{texts.trend}</dt>
          <dd>{before === null || after === null ? "–" : texts.points(signed(100 * (after - before)))}</dd>
        </div>
        <div>
          <dt>{traffic.gpuSaved}</dt>
          <dd>{duration(total.gpu_ms_saved)}</dd>
        </div>
      </dl>
      <TrendLine
        label={traffic.hitRateOverTime}
        points={slots.map(({ at, hit_rate }) => ({ atMs: Date.parse(at), share: hit_rate }))}
        from={fromMs}
        until={untilMs}
      />
    </section>
  );
}

/** The share of all pictures of some slots for which Stage C did not run; null without a picture. */
function hitRate(slots: readonly TrafficSlot[]): number | null {
  const pictures = slots.reduce((sum, slot) => sum + slot.pictures, 0);
  const hits = slots.reduce((sum, slot) => sum + slot.pictures * (slot.hit_rate ?? 0), 0);
  return pictures === 0 ? null : hits / pictures;
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;
}

/** The day that the present slot is in: `until` is its end. */
function lastDay({ until }: Traffic): string {
  return new Date(Date.parse(until) - 1).toISOString().slice(0, 10);
}
