// What a ledger must do, said again without any of its code. It imports nothing from workers/.

type State = "open" | "settled" | "released";

interface ModelReservation {
  state: State;
  readonly ceiling: number;
  readonly dueMs: number;
  hasLeft: boolean;
  /** Work by its latent, in micro-USD. */
  readonly noted: Map<string, number>;
  charged: number;
}

/** One line of work. */
export interface ModelLine {
  readonly latentId: string;
  readonly microUsd: number;
}

/** How long a reservation is held, in milliseconds. */
const heldMs = 900_000;

/** An account's money: what is available, held and spent, in whole micro-USD. */
export class LedgerModel {
  granted = 0;
  spent = 0;
  readonly #reservations = new Map<string, ModelReservation>();
  readonly #grants = new Set<string>();

  get held(): number {
    return [...this.#reservations.values()].reduce(
      (sum, { state, ceiling }) => sum + (state === "open" ? ceiling : 0),
      0,
    );
  }

  get available(): number {
    return this.granted - this.spent - this.held;
  }

  grant(id: string, microUsd: number): void {
    if (this.#grants.has(id)) return;
    this.#grants.add(id);
    this.granted += microUsd;
  }

  /** Whether the account can hold it. */
  reserve(id: string, { ceiling, atMs }: { readonly ceiling: number; readonly atMs: number }): boolean {
    if (this.available < ceiling) return false;
    const rest = { hasLeft: false, noted: new Map<string, number>(), charged: 0 };
    this.#reservations.set(id, { state: "open", ceiling, dueMs: atMs + heldMs, ...rest });
    return true;
  }

  note(id: string, line: ModelLine): void {
    const { state, noted } = this.#reservations.get(id) ?? { state: undefined, noted: new Map<string, number>() };
    if (state === "open") noted.set(line.latentId, Math.max(noted.get(line.latentId) ?? 0, line.microUsd));
  }

  /** What a settlement charges; undefined when there is no such reservation, or too little after a release. */
  settle(id: string, line: ModelLine): number | undefined {
    const reservation = this.#reservations.get(id);
    if (reservation === undefined) return undefined;
    if (reservation.state === "settled") return reservation.charged;
    const noted = reservation.state === "open" ? reservation.noted : new Map<string, number>();
    noted.set(line.latentId, Math.max(noted.get(line.latentId) ?? 0, line.microUsd));
    const charged = [...noted.values()].reduce((sum, microUsd) => sum + microUsd, 0);
    if (reservation.state === "released" && this.available < charged) return undefined;
    return this.#end(reservation, charged);
  }

  release(id: string): void {
    const reservation = this.#reservations.get(id);
    if (reservation?.state === "open") reservation.state = "released";
  }

  abandon(id: string, line: ModelLine): void {
    const reservation = this.#reservations.get(id);
    if (reservation?.state !== "open") return;
    this.note(id, line);
    this.#closeAsLeft(reservation);
  }

  leave(id: string): void {
    const reservation = this.#reservations.get(id);
    if (reservation !== undefined) reservation.hasLeft = true;
  }

  sweep(atMs: number): void {
    for (const reservation of this.#reservations.values()) {
      if (reservation.state !== "open" || reservation.dueMs > atMs) continue;
      if (reservation.hasLeft) this.#closeAsLeft(reservation);
      else reservation.state = "released";
    }
  }

  #closeAsLeft(reservation: ModelReservation): void {
    const charged = [...reservation.noted.values()].reduce((sum, microUsd) => sum + microUsd, 0);
    if (reservation.noted.size === 0) reservation.state = "released";
    else this.#end(reservation, charged);
  }

  #end(reservation: ModelReservation, charged: number): number {
    reservation.state = "settled";
    reservation.charged = charged;
    this.spent += charged;
    return charged;
  }
}
