import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { language } from "../words/words.ts";

/** One line or row of bars. */
export interface Series {
  readonly label: string;
  /** A token of the style sheet: "--stage-c". */
  readonly colour: string;
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  readonly label: string;
  /** Unix seconds: the first moment of the axis and its last. */
  readonly from: number;
  readonly until: number;
  /** Unix seconds. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
}

const height = 190;

/** Lines over time. The table below each chart tells the same in figures. */
export function Chart({ label, from, until, times, series, format }: ChartProps) {
  const holder = useRef<HTMLDivElement>(null);
  const spoken = language.value;
  useEffect(() => {
    const element = holder.current;
    if (element === null) return undefined;
    const plot = new uPlot(
      options(element, { from, until, series, format, spoken }),
      [[...times], ...series.map(valuesOf)],
      element,
    );
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [from, until, times, series, format, spoken]);
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{label}</span>
        {series.map(({ label: name, colour }) => (
          <span key={name} class={`swatch ${colour.slice(2)}`}>
            {name}
          </span>
        ))}
      </figcaption>
      <div ref={holder} role="img" aria-label={`${label}: ${series.map(({ label: name }) => name).join(", ")}`} />
    </figure>
  );
}

function valuesOf({ values }: Series): (number | null)[] {
  return [...values];
}

function options(
  element: HTMLElement,
  {
    from,
    until,
    series,
    format,
    spoken,
  }: Pick<ChartProps, "from" | "until" | "series" | "format"> & { readonly spoken: string },
): uPlot.Options {
  const style = getComputedStyle(element);
  const resolved = (token: string) => resolveColour(element, token);
  const axis = {
    stroke: resolved("--muted"),
    grid: { stroke: resolved("--line"), width: 1 },
    ticks: { show: false },
    font: `12px ${style.fontFamily}`,
  };
  const dates = new Intl.DateTimeFormat(spoken, { month: "short", day: "numeric", timeZone: "UTC" });
  const hours = new Intl.DateTimeFormat(spoken, { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: { drag: { x: false, y: false } },
    // By itself the library shows a hundred years around a single point.
    scales: { x: { range: [from, until] }, y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      {
        ...axis,
        size: 28,
        space: 70,
        values: (_plot, splits, _axis, _space, step) =>
          splits.map((at) => (step < 86_400 ? hours : dates).format(at * 1_000)),
      },
      { ...axis, size: 64, values: (_plot, splits) => splits.map(format) },
    ],
    series: [
      {},
      ...series.map(({ label, colour }) => {
        const stroke = resolved(colour);
        return { label, stroke, width: 2, points: { show: true, size: 6, fill: stroke, stroke } };
      }),
    ],
  };
}

/** The canvas knows no custom properties and no light-dark(). */
function resolveColour(element: HTMLElement, token: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${token})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
