import { type ChartSeries, TimeChart } from "../view/time-chart.tsx";

interface ChartProps {
  readonly label: string;
  /** Unix seconds: the first moment of the axis and its last. */
  readonly from: number;
  readonly until: number;
  /** Unix seconds. */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
}

/** Lines over time, with their title. The table below each chart tells the same in figures. */
export function Chart({ label, from, until, series, ...drawn }: ChartProps) {
  const names = series.map(({ label: name }) => name);
  return (
    <figure class="chart-card">
      <figcaption>
        <span class="chart-title">{label}</span>
        {series.map(({ label: name, colour }) => (
          <span key={name}>
            <span class="swatch" style={{ background: `var(${colour})` }} aria-hidden="true" /> {name}
          </span>
        ))}
      </figcaption>
      <TimeChart
        {...drawn}
        label={`${label}: ${names.join(", ")}`}
        series={series}
        shape="lines"
        range={[from, until]}
        height={190}
      />
    </figure>
  );
}
