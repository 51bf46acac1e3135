import { signal } from "@preact/signals";
import { ApiError, type ApiRequest, sendForJson } from "../api/client.ts";

/** The operator's credential, in this document's memory alone: a reload forgets it. */
export const credential = signal<string | undefined>(undefined);

/** Whether the credential was refused after it had worked. */
export const isRefused = signal(false);

/** Sends an operator's request. Rejects as `sendForJson`; forgets a credential that the service refuses. */
export async function ask<Answer>(request: ApiRequest): Promise<Answer> {
  try {
    return await sendForJson<Answer>(request, { key: credential.value });
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      credential.value = undefined;
      isRefused.value = true;
    }
    throw error;
  }
}

/** Checks a credential by a list of one account. Rejects with `ApiError` and changes nothing when it is refused. */
export async function signIn(text: string): Promise<void> {
  await sendForJson({ method: "GET", path: "/v1/admin/accounts?limit=1" }, { key: text });
  isRefused.value = false;
  credential.value = text;
}

/** Forgets the credential. */
export function signOut(): void {
  credential.value = undefined;
  isRefused.value = false;
}
