const frameMs = 120;
const barCells = 24;
const blockCells = 6;

/** Where progress is shown. */
export interface ProgressScreen {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

/** Shows on stderr that something is going on, until `done`. */
export interface Progress {
  /** From now on the bar shows how much is done. */
  step(report: { readonly step: number; readonly steps: number }): void;
  /** Writes text above the bar, on a terminal alone. */
  above(text: string): void;
  /** Clears the line. */
  done(): void;
}

/** A bar with the seconds so far on a terminal; one plain line elsewhere, so that logs stay readable. */
export function showProgress(label: string, screen: ProgressScreen = process.stderr): Progress {
  if (screen.isTTY !== true) {
    screen.write(`${label} …\n`);
    return { step() {}, above() {}, done() {} };
  }
  const startedMs = performance.now();
  let frame = 0;
  let state = "";
  const draw = () => {
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    screen.write(`\r${label} ${state === "" ? wanderingBar(frame) : state} ${seconds} s\u001b[K`);
    frame += 1;
  };
  const timer = setInterval(draw, frameMs);
  timer.unref();
  return {
    step({ step, steps }) {
      state = `${filledBar(step / steps)} step ${step} of ${steps}`;
    },
    above(text) {
      screen.write(`\r\u001b[K${text}`);
      draw();
    },
    done() {
      clearInterval(timer);
      screen.write("\r\u001b[K");
    },
  };
}

/** A block that wanders from end to end, while nothing is known of how long it takes. */
function wanderingBar(frame: number): string {
  const places = barCells - blockCells;
  const at = places - Math.abs((frame % (2 * places)) - places);
  return `[${" ".repeat(at)}${"=".repeat(blockCells)}${" ".repeat(places - at)}]`;
}

function filledBar(share: number): string {
  const filled = Math.round(Math.min(share, 1) * barCells);
  return `[${"=".repeat(filled)}${" ".repeat(barCells - filled)}]`;
}
