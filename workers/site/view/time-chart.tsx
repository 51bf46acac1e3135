import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { theme } from "../state/theme.ts";
import { language } from "../words/words.ts";

/** One row of bars or one line of a chart. */
export interface ChartSeries {
  readonly label: string;
  /** A custom property of style/base.css: "--accent". */
  readonly colour: string;
  /** One for each time; null: nothing is drawn. */
  readonly values: readonly (number | null)[];
}

/** What a chart shows. */
export interface TimeChartProps {
  /** What a person who does not see it is told; a table beside it has the figures. */
  readonly label: string;
  /** Unix seconds, ascending. */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  readonly shape: "bars" | "lines";
  /** Unix seconds: the first and the last moment of the axis. Absent: a day more than the times at both ends. */
  readonly range?: readonly [number, number] | undefined;
  /** In CSS pixels. */
  readonly height?: number | undefined;
}

const heightDefault = 220;
const axisPixels = 76;

const daySeconds = 86_400;

/** Values over time, in UTC. It follows the width of its place, the theme and the language. */
export function TimeChart(props: TimeChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const { label, times, series, format, shape, range, height = heightDefault } = props;
  const [from, until] = range ?? [(times[0] ?? 0) - daySeconds, (times.at(-1) ?? 0) + daySeconds];
  const [chosenTheme, chosenLanguage] = [theme.value, language.value];
  useEffect(() => {
    const target = place.current;
    if (target === null) return undefined;
    const data: uPlot.AlignedData = [[...times], ...series.map(({ values }) => [...values])];
    const chart = new uPlot(optionsOf({ series, format, shape, height, from, until }, target), data, target);
    const observer = new ResizeObserver(() => chart.setSize({ width: target.clientWidth, height }));
    observer.observe(target);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
    // The colours are read when it is drawn.
  }, [times, series, from, until, chosenTheme, chosenLanguage]);
  return <div ref={place} class="chart" style={{ height: `${height}px` }} role="img" aria-label={label} />;
}

interface Drawn extends Pick<TimeChartProps, "series" | "format" | "shape"> {
  readonly height: number;
  readonly from: number;
  readonly until: number;
}

function optionsOf({ series, format, shape, height, from, until }: Drawn, target: HTMLElement): uPlot.Options {
  const style = getComputedStyle(target);
  // A probe gives the colour that the theme means, since a canvas knows no custom properties.
  const colourOf = (name: string) => resolved(target, `var(${name})`);
  const bars = uPlot.paths.bars;
  const axis = {
    stroke: colourOf("--muted"),
    grid: { stroke: colourOf("--line"), width: 1 },
    font: `12px ${style.fontFamily}`,
  };
  return {
    width: target.clientWidth,
    height,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), "Etc/UTC"),
    cursor: { show: false },
    legend: { show: false },
    scales: {
      // By itself the library shows a hundred years around a single point.
      x: { range: [from, until] },
      y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] },
    },
    axes: [
      { ...axis, space: 70, values: (_, ticks, __, ___, step) => ticks.map(step < daySeconds ? hourText : dayText) },
      { ...axis, size: axisPixels, values: (_, ticks) => ticks.map(format) },
    ],
    series: [
      {},
      ...series.map(({ label, colour }, index) => ({
        label,
        stroke: colourOf(colour),
        width: 2,
        ...(shape === "bars" && {
          fill: colourOf(colour),
          points: { show: false },
          // Beside each other, about the middle of their day.
          ...(bars !== undefined && { paths: bars({ size: [0.36, 36], align: index % 2 === 0 ? -1 : 1 }) }),
        }),
      })),
    ],
  };
}

function hourText(seconds: number): string {
  return new Date(seconds * 1_000).toLocaleTimeString(language.value, {
    hour: "2-digit",
    minute: "2-digit",
    timeZone: "UTC",
  });
}

function dayText(seconds: number): string {
  return new Date(seconds * 1_000).toLocaleDateString(language.value, {
    month: "short",
    day: "numeric",
    timeZone: "UTC",
  });
}

function resolved(target: HTMLElement, colour: string): string {
  target.style.setProperty("color", colour);
  const value = getComputedStyle(target).color;
  target.style.removeProperty("color");
  return value;
}
