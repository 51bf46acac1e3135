const frameMs = 120;
const barCells = 24;
const blockCells = 6;

/** Shows on stderr that something is going on, until `done`. */
export interface Progress {
  /** Clears the line. */
  done(): void;
}

/** A moving bar with the seconds so far on a terminal; one plain line elsewhere, so that logs stay readable. */
export function showProgress(label: string): Progress {
  if (!process.stderr.isTTY) {
    process.stderr.write(`${label} …\n`);
    return { done() {} };
  }
  const startedMs = performance.now();
  let frame = 0;
  const timer = setInterval(() => {
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    process.stderr.write(`\r${label} ${bar(frame)} ${seconds} s\u001b[K`);
    frame += 1;
  }, frameMs);
  timer.unref();
  return {
    done() {
      clearInterval(timer);
      process.stderr.write("\r\u001b[K");
    },
  };
}

/** A block that wanders from end to end: how long a picture takes is not known beforehand. */
function bar(frame: number): string {
  const places = barCells - blockCells;
  const at = places - Math.abs((frame % (2 * places)) - places);
  return `[${" ".repeat(at)}${"=".repeat(blockCells)}${" ".repeat(places - at)}]`;
}
