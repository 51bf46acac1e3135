const realNowMs = Date.now.bind(Date);
let offsetMs = 0;

// The Worker, its Durable Objects and the tests share this isolate, and so this clock. Only the platform's alarms go by
// the real one.
Date.now = () => realNowMs() + offsetMs;

/** Moves the clock of edge, objects and tests to this time in Unix milliseconds; it goes on from there. */
export function moveClock(nowMs: number): void {
  offsetMs = nowMs - realNowMs();
}

/** Whether a time in whole Unix seconds lies between this moment and now. */
export function isSecondSince(beganMs: number): (seconds: unknown) => boolean {
  return (seconds) => Number(seconds) >= Math.floor(beganMs / 1_000) && Number(seconds) * 1_000 <= Date.now();
}
