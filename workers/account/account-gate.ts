import type { AccountClient, Accounts } from "./client.ts";
import type { Admission, AdmissionRequest } from "./keys/admission.ts";

/** The way into an account that is asked whether a key opens it: alone, or with the reservation of what it wants. */
export interface Door {
  /** Asks, unless it was asked already. */
  ask(): Promise<Admission>;
  /** Asks and reserves in one call, failing as the admission first. Reserves alone when it was asked already. */
  readonly reserve: AccountClient["reserve"];
}

/** What a door needs. */
export interface DoorParts {
  readonly accounts: Accounts;
}

/** A door for one request. */
export function createDoor({ accounts }: DoorParts, account: string, request: AdmissionRequest): Door {
  let admission: Admission | undefined;
  return {
    async ask() {
      admission ??= await accounts.of(account).admit(request);
      return admission;
    },

    async reserve(reservation) {
      if (admission !== undefined) return accounts.of(account).reserve(reservation);
      const answer = await accounts.of(account).admitAndReserve(request, reservation);
      admission = answer.admission;
      return answer.reserved;
    },
  };
}
