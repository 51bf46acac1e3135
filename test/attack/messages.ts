import type { AttackOutcome, Target } from "./attackers.ts";

/** What the process of the attackers needs to know. */
export interface Keys {
  readonly penniless: string;
  readonly poor: string;
  readonly noisy: string;
}

/** To the process of the attackers: attack for so long, with those who pay or without them. */
export interface AttackOrder {
  readonly target: Target;
  readonly keys: Keys;
  readonly milliseconds: number;
  /** Requests a second of each attack, at most. */
  readonly rate: number;
  readonly withPayers: boolean;
}

/** From it: what came of it. */
export interface AttackReport {
  readonly outcomes: readonly AttackOutcome[];
  /** Pictures that the account with little credit was given whole. */
  readonly poorPictures: number;
}
