// The process of the attackers: takes an order, answers with a report, and ends with its parent. It gives way to all
// other processes, because attackers bring machines of their own.

import { constants, setPriority } from "node:os";
import { attackWith, noisyOf, pennilessOf, poorOf, strangersOf } from "./attackers.ts";
import type { AttackOrder, AttackReport } from "./messages.ts";

setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

async function attack({ target, keys, milliseconds, rate, withPayers }: AttackOrder): Promise<AttackReport> {
  const pace = { ended: AbortSignal.timeout(milliseconds), rate };
  let poorPictures = 0;
  const payers = [poorOf(target, keys.poor, () => (poorPictures += 1)), noisyOf(target, keys.noisy)];
  const unpaying = attackWith([...strangersOf(target), ...pennilessOf(target, keys.penniless)], pace);
  const paying = attackWith(withPayers ? payers : [], pace);
  return { outcomes: [...(await unpaying), ...(await paying)], poorPictures };
}

process.on("message", (order: AttackOrder) => {
  void attack(order).then((report) => process.send?.(report));
});
process.on("disconnect", () => process.exit());
