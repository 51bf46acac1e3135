/** One value at a time. */
export interface TrendPoint {
  /** Unix milliseconds. */
  readonly atMs: number;
  /** A share from 0 to 1; null: there is none. */
  readonly share: number | null;
}

interface TrendLineProps {
  readonly label: string;
  readonly points: readonly TrendPoint[];
  /** Unix milliseconds: both ends of the axis. */
  readonly from: number;
  readonly until: number;
}

/** Of the drawing's own space, which is stretched to its place. */
const [width, height] = [1_000, 100];
const gridShares = [1, 0.5, 0];

/** Shares over time as a drawing that prints sharp, from 0 at the bottom to 1 at the top. */
export function TrendLine({ label, points, from, until }: TrendLineProps) {
  const x = (atMs: number) => Math.round(((atMs - from) / Math.max(1, until - from)) * width);
  const y = (share: number) => Math.round((1 - share) * height);
  const known = points.flatMap(({ atMs, share }) => (share === null ? [] : [[x(atMs), y(share)] as const]));
  return (
    <div class="trend">
      <div class="trend-axis" aria-hidden="true">
        {gridShares.map((share) => (
          <span key={share}>{share * 100} %</span>
        ))}
      </div>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={label}>
        <path class="trend-grid" d={gridShares.map((share) => `M0 ${y(share)}H${width}`).join("")} />
        <path class="trend-line" d={known.map(([px, py], i) => `${i === 0 ? "M" : "L"}${px} ${py}`).join("")} />
        {/* Lines without a length: their round ends are dots, whatever the drawing is stretched to. */}
        <path class="trend-dots" d={known.map(([px, py]) => `M${px} ${py}h0`).join("")} />
      </svg>
    </div>
  );
}
