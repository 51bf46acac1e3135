import { useMemo } from "preact/hooks";
import type { Traffic, TrafficSlot } from "../../../shared/api/traffic.ts";
import { dollars } from "../view/money.ts";
import type { ChartSeries } from "../view/time-chart.tsx";
import { Answered } from "./answered.tsx";
import { Chart } from "./chart.tsx";
import { count, duration, perPicture, share } from "./figures.ts";
import { days } from "./place.ts";
import { Table } from "./table.tsx";
import { useAnswer } from "./use-answer.ts";
import { ViewHead } from "./view-head.tsx";
import { adminWords } from "./words.ts";

const colours = { generated: "--stage-c", latent: "--stage-b", image: "--stage-a" } as const;

/** What the service did in the chosen days. */
export function TrafficView() {
  const asked = useAnswer<Traffic>(`/v1/admin/traffic?days=${days.value}`);
  const { traffic: texts, nav, refresh, utc } = adminWords.value;
  return (
    <section aria-labelledby="traffic-title" class="view">
      <ViewHead id="traffic-title" title={nav.traffic} action={refresh} onAction={asked.refresh} />
      <Answered asked={asked}>
        {(traffic) => (
          <>
            <Totals total={traffic.total} />
            <Charts traffic={traffic} />
            <Tiers total={traffic.total} />
            <Failures total={traffic.total} />
            <p class="help">
              {texts.error((traffic.percentile_error * 100).toFixed(1))} {texts.delay} {utc}
            </p>
          </>
        )}
      </Answered>
    </section>
  );
}

function Totals({ total }: { readonly total: TrafficSlot }) {
  const { traffic: texts } = adminWords.value;
  const figures: readonly (readonly [string, string])[] = [
    [texts.requests, count(total.requests)],
    [texts.pictures, count(total.pictures)],
    [texts.hitRate, share(total.hit_rate)],
    [texts.charged, dollars(total.micro_usd)],
    [texts.failed, count(total.failed_requests)],
    [texts.gpuSpent, duration(total.gpu_ms_spent)],
    [texts.gpuSaved, duration(total.gpu_ms_saved)],
  ];
  return (
    <dl class="figures card">
      {figures.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Charts({ traffic: { slots, from, until } }: { readonly traffic: Traffic }) {
  const { traffic: texts, tier: names } = adminWords.value;
  const { times, pictures, hits, p95 } = useMemo(() => {
    const ofTiers = (figureOf: (slot: TrafficSlot["tiers"][number]) => number | null): ChartSeries[] =>
      (["generated", "latent", "image"] as const).map((name) => ({
        label: names[name],
        colour: colours[name],
        values: slots.map(({ tiers }) => {
          const found = tiers.find(({ tier }) => tier === name);
          return found === undefined ? null : figureOf(found);
        }),
      }));
    return {
      times: slots.map(({ at }) => Date.parse(at) / 1_000),
      pictures: ofTiers((tier) => tier.pictures),
      hits: [{ label: texts.hitRate, colour: "--stage-b", values: slots.map(({ hit_rate }) => hit_rate) }],
      p95: ofTiers((tier) => tier.p95_ms),
    };
  }, [slots, names, texts]);
  if (slots.length === 0) return null;
  const axis = { from: Date.parse(from) / 1_000, until: Date.parse(until) / 1_000, times };
  return (
    <div class="charts">
      <Chart label={texts.picturesOverTime} {...axis} series={pictures} format={count} />
      <Chart label={texts.hitRateOverTime} {...axis} series={hits} format={share} />
      <Chart label={texts.p95OverTime} {...axis} series={p95} format={duration} />
    </div>
  );
}

function Tiers({ total }: { readonly total: TrafficSlot }) {
  const { traffic: texts, tier: names, none } = adminWords.value;
  return (
    <section class="card">
      <h3>{texts.byTier}</h3>
      <Table
        label={texts.byTier}
        columns={[
          texts.tier,
          texts.requests,
          texts.pictures,
          texts.perPicture,
          texts.gpuPerPicture,
          "p50",
          "p95",
          "p99",
        ]}
        figures={[1, 2, 3, 4, 5, 6, 7]}
        empty={none}
        rows={total.tiers.map((tier) => ({
          key: tier.tier,
          cells: [
            names[tier.tier],
            count(tier.requests),
            count(tier.pictures),
            perPicture(tier.micro_usd, tier.pictures),
            duration(tier.pictures === 0 ? null : (tier.stage_c_ms + tier.decode_ms) / tier.pictures),
            duration(tier.p50_ms),
            duration(tier.p95_ms),
            duration(tier.p99_ms),
          ],
        }))}
      />
    </section>
  );
}

function Failures({ total }: { readonly total: TrafficSlot }) {
  const { traffic: texts, none } = adminWords.value;
  return (
    <section class="card">
      <h3>{texts.failures}</h3>
      <Table
        label={texts.failures}
        columns={[texts.code, texts.requests]}
        figures={[1]}
        empty={none}
        rows={total.failures.map(({ code, requests }) => ({
          key: code,
          cells: [<code key={code}>{code}</code>, count(requests)],
        }))}
      />
    </section>
  );
}
