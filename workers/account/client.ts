import type { Failure } from "../../shared/errors.ts";
import type { Result } from "../../shared/result.ts";
import { callObject, type ObjectNamespace } from "../edge/call-object.ts";
import type { WorkDone } from "./account-book.ts";
import type { Admission, AdmissionRequest } from "./keys/admission.ts";
import type { Actor } from "./keys/audit.ts";
import type { Grant } from "./money/grants.ts";
import type { Balances } from "./money/postings.ts";
import type { Reservation, ReserveRequest, Settlement, WorkBudget } from "./money/reservation.ts";
import type { Reversal } from "./money/reversals.ts";

/** The methods of the Durable Object of one account. Each may be repeated; see `AccountBook`. */
export interface AccountLedgerRpc {
  balances(): Promise<Balances>;
  grant(grant: Grant): Promise<Balances>;
  reverse(reversal: Reversal & { readonly actor: Actor }): Promise<Balances>;
  reserve(request: ReserveRequest): Promise<Result<Reservation, Failure>>;
  admitAndReserve(admission: AdmissionRequest, request: ReserveRequest): Promise<AdmittedReservation>;
  recordWork(work: WorkDone): Promise<void>;
  settle(work: WorkDone): Promise<Result<Settlement, Failure>>;
  release(reservationId: string): Promise<void>;
  abandon(reservationId: string): Promise<void>;
  forgetLatent(latentId: string): Promise<void>;
  hold(budget: WorkBudget): Promise<Result<undefined, Failure>>;
  endHold(holdId: string): Promise<number | undefined>;
}

/** Whether a caller may come in, and, if so, what its account answers to the reservation. */
export interface AdmittedReservation {
  readonly admission: Admission;
  readonly reserved: Result<Reservation, Failure>;
}

/** The ledgers of all accounts. */
export interface Ledgers {
  /** An account that nobody has heard of has nothing. */
  of(account: string): AccountLedgerRpc;
}

/** Ledgers in Durable Objects, one an account. */
export function createLedgers(namespace: ObjectNamespace<AccountLedgerRpc>): Ledgers {
  return {
    of(account) {
      const call = <Answer>(method: (ledger: AccountLedgerRpc) => Promise<Answer>) =>
        callObject(() => namespace.getByName(account), method);
      return {
        balances: () => call((ledger) => ledger.balances()),
        grant: (grant) => call((ledger) => ledger.grant(grant)),
        reverse: (reversal) => call((ledger) => ledger.reverse(reversal)),
        reserve: (request) => call((ledger) => ledger.reserve(request)),
        admitAndReserve: (...asked) => call((ledger) => ledger.admitAndReserve(...asked)),
        recordWork: (work) => call((ledger) => ledger.recordWork(work)),
        settle: (work) => call((ledger) => ledger.settle(work)),
        release: (reservationId) => call((ledger) => ledger.release(reservationId)),
        abandon: (reservationId) => call((ledger) => ledger.abandon(reservationId)),
        forgetLatent: (latentId) => call((ledger) => ledger.forgetLatent(latentId)),
        hold: (budget) => call((ledger) => ledger.hold(budget)),
        endHold: (holdId) => call((ledger) => ledger.endHold(holdId)),
      };
    },
  };
}
