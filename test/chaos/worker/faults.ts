import { seededRandom } from "../../support/random.ts";
import type { Binding, BindingFaults, DeliveryTrouble } from "../plan.ts";

/** Longer than any store takes, and shorter than anybody's patience. */
const slowMs = 300;

let faults: BindingFaults | undefined;
let random = seededRandom(0);

/** From now on. Forgotten with the process: who is started again is well. */
export function setFaults(changed: BindingFaults): void {
  faults = changed;
  random = seededRandom(changed.seed);
}

/** What befalls a batch that a queue delivers; undefined: nothing. */
export function drawDeliveryTrouble(): DeliveryTrouble | undefined {
  const { share, troubles } = faults?.deliveries ?? { share: 0, troubles: [] };
  return random() < share ? troubles[Math.floor(random() * troubles.length)] : undefined;
}

/** Calls a binding, unless a fault says otherwise. */
export async function callFaulty(binding: Binding, call: () => unknown): Promise<unknown> {
  const fault = faults?.bindings.find((candidate) => candidate.binding === binding);
  if (fault === undefined || random() >= fault.share) return call();
  if (fault.trouble === "fails") throw new Error(`${binding} fails.`);
  if (fault.trouble === "slow") await scheduler.wait(slowMs);
  const value = await call();
  if (fault.trouble === "answer-lost") throw new Error(`${binding} lost its answer.`);
  return value;
}
