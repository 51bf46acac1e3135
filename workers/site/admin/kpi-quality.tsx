import { useEffect, useState } from "preact/hooks";
import type { ModelsList } from "../../../shared/api/models-list.ts";
import type { Kpi, KpiFigure } from "../../../shared/models/kpi.ts";
import { sendForJson } from "../api/client.ts";
import { errorText } from "../view/error-text.ts";
import { count } from "./figures.ts";
import { Table } from "./table.tsx";
import { adminWords } from "./words.ts";

/** What the page knows of the deployed bundle. */
interface Deployed {
  /** Null: the bundle's folder has none. */
  readonly kpi: Kpi | null;
  readonly models: ModelsList["data"];
}

/** Figures on the page, in this order; the rest is in the report. */
const shown = ["recognition", "restoration", "likeness", "copies", "style"] as const;

/** What fits the page; the report has all. */
const attributesMax = 4;
const groupsMax = 6;

/** What the bundle's own report says of its quality, and of its bias. */
export function BundleQuality() {
  const { kpi: texts, loading } = adminWords.value;
  const [deployed, setDeployed] = useState<Deployed | undefined>(undefined);
  const [fault, setFault] = useState("");
  useEffect(() => {
    readDeployed().then(setDeployed, (error: unknown) => setFault(errorText(error)));
  }, []);
  if (fault !== "") return <p class="fault">{fault}</p>;
  if (deployed === undefined) return <p class="help">{loading}</p>;
  const { kpi, models } = deployed;
  if (kpi === null) {
    return (
      <section class="card">
        <h3>{texts.quality}</h3>
        <p>{texts.noReport(models.map(({ name }) => name).join(", "))}</p>
      </section>
    );
  }
  const isDeployed = models.some(({ revision }) => revision === kpi.revision);
  return (
    <>
      <section class="card">
        <h3>{texts.quality}</h3>
        {!isDeployed && <p class="fault">{texts.otherRevision}</p>}
        <p class="help">{aboutText(kpi)}</p>
        <p>
          <strong>{texts.verdicts[kpi.verdict]}</strong>
        </p>
        <Figures kpi={kpi} />
      </section>
      <Bias kpi={kpi} />
    </>
  );
}

function Figures({ kpi: { figures, left_out: leftOut, chance } }: { readonly kpi: Kpi }) {
  const { kpi: texts, none } = adminWords.value;
  const rows = shown.flatMap((key) => {
    const figure = figures[key];
    return figure === undefined ? [] : [{ key, cells: [texts.figures[key].name, ...figureCells(key, figure)] }];
  });
  const missing = shown.filter((key) => key in leftOut).map((key) => texts.figures[key].name);
  return (
    <>
      <Table
        label={texts.quality}
        columns={[texts.figure, texts.measured, texts.range, texts.threshold, texts.outcome]}
        figures={[1, 2, 3]}
        empty={none}
        rows={rows}
      />
      <p class="help">
        {texts.meaning(`${chance.toFixed(0)} %`)} {missing.length > 0 && texts.missing(missing.join(", "))}
      </p>
    </>
  );
}

function figureCells(key: (typeof shown)[number], { value, low, high, threshold, outcome }: KpiFigure) {
  const { kpi: texts } = adminWords.value;
  const { unit, digits } = texts.figures[key];
  const written = (number: number) => `${number.toFixed(digits)}${unit}`;
  return [
    written(value),
    low === null || high === null ? "–" : `${low.toFixed(digits)} … ${written(high)}`,
    threshold === null ? "–" : `≥ ${written(threshold)}`,
    outcome === null ? "–" : texts.outcomes[outcome],
  ];
}

function Bias({ kpi: { figures, groups, left_out: leftOut } }: { readonly kpi: Kpi }) {
  const { kpi: texts, none } = adminWords.value;
  const bias = figures["bias"];
  const attributes = Object.entries(groups).toSorted(([, a], [, b]) => spanOf(b) - spanOf(a));
  return (
    <section class="card">
      <h3>{texts.bias}</h3>
      {bias === undefined ? (
        <p>{texts.noBias[leftOut["bias"] ?? ""] ?? texts.notMeasured}</p>
      ) : (
        <>
          <p>
            <strong>{texts.biasFound(bias.value.toFixed(0))}</strong>{" "}
            {bias.threshold !== null && bias.outcome !== null
              ? texts.biasOutcome(bias.threshold.toFixed(0), texts.outcomes[bias.outcome])
              : ""}
          </p>
          <Table
            label={texts.bias}
            columns={[texts.attribute, texts.groups, texts.spread]}
            figures={[2]}
            empty={none}
            rows={attributes
              .slice(0, attributesMax)
              .map(([name, of]) => ({ key: name, cells: [nameOf(name), ...groupCells(of)] }))}
          />
          <p class="help">
            {texts.biasMeaning} {attributes.length > attributesMax && texts.moreAttributes}
          </p>
        </>
      )}
    </section>
  );
}

/** Of many groups the worst and the best alone. */
function groupCells(of: Readonly<Record<string, number>>): readonly [string, string] {
  const groups = Object.entries(of).toSorted(([, a], [, b]) => a - b);
  const shown = groups.length > groupsMax ? [...groups.slice(0, 1), ...groups.slice(-1)] : groups;
  const listed = shown.map(([name, share]) => `${nameOf(name)} ${share.toFixed(0)} %`);
  return [listed.join(", "), adminWords.value.kpi.points(spanOf(of).toFixed(0))];
}

/** What a report names, in the page's language where it is known. */
function nameOf(name: string): string {
  return adminWords.value.kpi.names[name] ?? name;
}

/** Points between the best group and the worst. */
function spanOf(of: Readonly<Record<string, number>>): number {
  const shares = Object.values(of);
  return Math.max(...shares) - Math.min(...shares);
}

function aboutText({ model, revision, date, set }: Kpi): string {
  const { kpi: texts } = adminWords.value;
  return texts.about({
    model,
    revision: revision.slice(0, 12),
    date,
    set: nameOf(set.name),
    pictures: count(set.pictures),
    heldOut: count(set.held_out),
  });
}

async function readDeployed(): Promise<Deployed> {
  const [kpi, models] = await Promise.all([
    // Built beside the page, from a file whose form was checked then.
    sendForJson<Kpi | null>({ method: "GET", path: "/site/kpi.json" }, {}),
    sendForJson<ModelsList>({ method: "GET", path: "/v1/models" }, {}),
  ]);
  return { kpi, models: models.data.filter(({ alias_of }) => alias_of === undefined) };
}
