import type { Erasure } from "../../../shared/api/account-data.ts";
import { send, sendForJson } from "../api/client.ts";
import { apiKey } from "../state/session.ts";

/** A job that is stopped ends within seconds. */
const erasuresMax = 20;
const pauseMs = 1_000;

/** A list of the API as one CSV file, whatever the number of its pages. Rejects with `ApiError`. */
export async function csvFile(firstPath: string): Promise<Blob> {
  const parts: string[] = [];
  for (let path: string | undefined = firstPath; path !== undefined; ) {
    const page: Response = await send({ method: "GET", path }, { key: apiKey.value });
    const text = await page.text();
    // Of the later pages without the line of names.
    parts.push(parts.length === 0 ? text : text.slice(text.indexOf("\n") + 1));
    const next = /^<([^>]+)>; rel="next"$/u.exec(page.headers.get("link") ?? "")?.[1];
    path = next === undefined ? undefined : pathOf(next);
  }
  return new Blob(parts, { type: "text/csv" });
}

/** All that the service stores of the account. Rejects with `ApiError`, and as `fetch` does if the stream is cut. */
export async function exportFile(): Promise<Blob> {
  return (await send({ method: "GET", path: "/v1/account/export" }, { key: apiKey.value })).blob();
}

/** Erases what can be erased, and waits for jobs that stop. Returns the sums. Rejects with `ApiError`. */
export async function eraseAll(): Promise<Erasure> {
  let total = await eraseOnce();
  for (let again = 1; again < erasuresMax && !total.complete; again += 1) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    const next = await eraseOnce();
    total = {
      ...next,
      latents: total.latents + next.latents,
      jobs: total.jobs + next.jobs,
      charges: total.charges + next.charges,
    };
  }
  return total;
}

/** Has the browser save a file under this name. */
export function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  Object.assign(link, { href: url, download: name });
  link.click();
  URL.revokeObjectURL(url);
}

function eraseOnce(): Promise<Erasure> {
  return sendForJson<Erasure>({ method: "DELETE", path: "/v1/account/data" }, { key: apiKey.value });
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}
