import { createExecutionContext } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import type { ImagesResponse } from "../../../shared/api/images-response.ts";
import { requestsPerMinuteMax } from "../../../shared/limits.ts";
import { type AccountClient, createAccounts } from "../../../workers/account/client.ts";
import { createApp } from "../../../workers/app.ts";
import { parseEnv, type WorkerEnv } from "../../../workers/env.ts";
import { createServices, type Platform, type Services } from "../../../workers/services.ts";
import { moveClock } from "./clock.ts";
import { GpuBackendDouble } from "./gpu-backend-double.ts";
import { tinyBundle } from "./tiny-bundle.ts";

/** Where the tests reach the Worker. */
export const origin = "https://edge.test";

/** The whole Worker on real KV, R2 and Cache API; only the far end of its network is the test's. */
export class TestEdge {
  readonly env: WorkerEnv;
  readonly logLines: string[] = [];
  /** What every wait of the Worker ends by; a test that aborts it puts another in its place. */
  nextTimeout = new AbortController();
  readonly backend: GpuBackendDouble;
  readonly services: Services;
  readonly #app: ReturnType<typeof createApp>;

  constructor(overrides: Partial<WorkerEnv> = {}, fetch?: Platform["fetch"]) {
    this.env = { ...parseEnv(env), ...overrides };
    this.backend = new GpuBackendDouble(this.env.GPU_BACKEND_SECRET, () => this.nowMs);
    // Durable Objects live in this isolate and fetch by its global: what the newest edge of a test file has.
    globalThis.fetch = (input, init) => (fetch ?? this.backend.fetch)(String(input), { ...init });
    this.services = createServices(this.env, {
      fetch: (url, init) => globalThis.fetch(url, init),
      edge: caches.default,
      imageReads: { fetch: (url) => exports.ImageReadsEntrypoint.fetch(url) },
      nowMs: () => this.nowMs,
      randomBytes,
      timeout: () => this.nextTimeout.signal,
      log: (entry) => this.logLines.push(JSON.stringify(entry)),
      bundle: tinyBundle,
    });
    this.#app = createApp(this.services);
  }

  /** Unix milliseconds, of the edge and of its Durable Objects alike; setting it moves both. */
  get nowMs(): number {
    return Date.now();
  }

  set nowMs(nowMs: number) {
    moveClock(nowMs);
  }

  /** An operator's call on `/v1/admin/accounts/{path}`. */
  admin(method: string, path: string, body?: unknown): Promise<Response> {
    return this.fetch(`/v1/admin/accounts/${path}`, {
      method,
      headers: { authorization: `Bearer ${this.env.ADMIN_SECRET}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** A key of a new account with this credit; latents are scoped to accounts, so no test finds another's. */
  async createKey(
    account = `account-${crypto.randomUUID()}`,
    creditMicroUsd = 1_000_000,
    terms: object = {},
  ): Promise<string> {
    await this.admin("PUT", account, {});
    const grant = { grant_id: "first", micro_usd: creditMicroUsd };
    if (creditMicroUsd > 0) await this.admin("POST", `${account}/grants`, grant);
    const order = { requests_per_minute: requestsPerMinuteMax, ...terms };
    const response = await this.admin("POST", `${account}/keys`, order);
    return (await response.json<{ readonly key: string }>()).key;
  }

  async fetch(pathOrUrl: string, init: RequestInit = {}): Promise<Response> {
    return this.#app.fetch(new Request(new URL(pathOrUrl, origin), init), this.env, createExecutionContext());
  }

  /** The books of an account. */
  ledger(account: string): AccountClient {
    return createAccounts(this.env.ACCOUNT_LEDGERS).of(account);
  }

  async post(key: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return this.fetch("/v1/images/generations", {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  }

  /** A request that must succeed. */
  async generate(key: string, body: unknown): Promise<ImagesResponse> {
    const response = await this.post(key, body);
    if (response.status !== 200) throw new TypeError(`${response.status}: ${await response.text()}`);
    return response.json();
  }

  get(key: string, path: string): Promise<Response> {
    return this.fetch(path, { headers: { authorization: `Bearer ${key}` } });
  }
}

function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

/** The one picture of an answer, its bytes as text. */
export function firstPicture(answer: ImagesResponse) {
  const [item] = answer.data;
  if (item === undefined) throw new TypeError("The answer holds no picture.");
  return item;
}

/** The picture's link. */
export function firstUrl(answer: ImagesResponse): string {
  const item = firstPicture(answer);
  if (!("url" in item)) throw new TypeError("The picture has no link.");
  return item.url;
}

/** The picture's base64. */
export function firstBase64(answer: ImagesResponse): string {
  const item = firstPicture(answer);
  if (!("b64_json" in item)) throw new TypeError("The picture is a link.");
  return item.b64_json;
}
