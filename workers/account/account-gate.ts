import type { AccountClient, Accounts } from "./client.ts";
import type { Admission, AdmissionRequest } from "./keys/admission.ts";

/** The way into an account that is asked whether a key opens it: alone, or with the reservation of what it wants. */
export interface AccountGate {
  /** Asks, unless it was asked already. */
  admit(): Promise<Admission>;
  /** The account's answer; undefined until it was asked. */
  admission(): Admission | undefined;
  /** Asks and reserves in one call, failing as the admission first. Reserves alone when it was asked already. */
  readonly reserve: AccountClient["reserve"];
}

/** What a gate needs. */
export interface GateServices {
  readonly accounts: Accounts;
}

/** A gate for one request. */
export function createAccountGate({ accounts }: GateServices, account: string, request: AdmissionRequest): AccountGate {
  let admission: Admission | undefined;
  return {
    async admit() {
      admission ??= await accounts.of(account).admit(request);
      return admission;
    },

    admission: () => admission,

    async reserve(reservation) {
      if (admission !== undefined) return accounts.of(account).reserve(reservation);
      const answer = await accounts.of(account).admitAndReserve(request, reservation);
      admission = answer.admission;
      return answer.reserved;
    },
  };
}
