import { computed, signal } from "@preact/signals";
import type { BalanceResponse } from "../../../shared/api/money.ts";
import { ApiError, sendForJson } from "../api/client.ts";

const storedName = "api-key";

/** In the pages of a local run alone (`scripts/local-entry.ts`). */
const developmentKeyName = "development-key";

/**
 * The key that requests bear; undefined: nobody is signed in. `sessionStorage` takes it from page to page of this tab
 * and ends with it; `localStorage` holds it only if the person asked for that.
 */
export const apiKey = signal<string | undefined>(firstKey());

/** Whether the key is the one that the start script put into the page. */
export const isDevelopment = computed(() => apiKey.value !== undefined && apiKey.value === developmentKey());

/** What the account has; undefined until it is known. */
export const balance = signal<BalanceResponse | undefined>(undefined);

/** Whether a text may be a key: keys are ASCII without spaces, and a header must hold them. */
export function isKeyLike(text: string): boolean {
  return /^we_[A-Za-z0-9_-]{8,200}$/u.test(text);
}

/** Signs in, and asks the API about the key. Rejects with `ApiError` and changes nothing when the API refuses it. */
export async function signIn(key: string, isRemembered: boolean): Promise<void> {
  balance.value = await sendForJson<BalanceResponse>({ method: "GET", path: "/v1/balance" }, { key }).catch(
    allowUnread,
  );
  apiKey.value = key;
  sessionStorage.setItem(storedName, key);
  if (isRemembered) localStorage.setItem(storedName, key);
}

/** A key without the scope `read` is a key all the same. */
function allowUnread(error: unknown): undefined {
  if (error instanceof ApiError && error.code === "insufficient_scope") return undefined;
  throw error;
}

/** Forgets the key, on this device too. */
export function signOut(): void {
  apiKey.value = undefined;
  balance.value = undefined;
  sessionStorage.removeItem(storedName);
  localStorage.removeItem(storedName);
}

/** Asks what is left. What cannot be read is shown as unknown. */
export async function refreshBalance(): Promise<void> {
  const key = apiKey.value;
  if (key === undefined) return;
  balance.value = await sendForJson<BalanceResponse>({ method: "GET", path: "/v1/balance" }, { key }).catch(
    () => undefined,
  );
}

function firstKey(): string | undefined {
  return developmentKey() ?? sessionStorage.getItem(storedName) ?? localStorage.getItem(storedName) ?? undefined;
}

function developmentKey(): string | undefined {
  return document.querySelector<HTMLMetaElement>(`meta[name="${developmentKeyName}"]`)?.content;
}
