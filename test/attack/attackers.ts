import { setTimeout as pause } from "node:timers/promises";
import { verifiedFileBytesMax } from "../../shared/limits.ts";
import { sendUnfinished } from "../support/unfinished-request.ts";

/** What is attacked. */
export interface Target {
  readonly url: string;
  readonly backendUrl: string;
}

/** One thing that an attacker does, over and over. Gives the status of the answer; undefined: none, or none is due. */
export interface Attack {
  readonly name: string;
  /** How many do it at once; 4 by default. */
  readonly callers?: number;
  once(): Promise<number | undefined>;
}

/** How long unfinished bodies stay. */
const unfinishedMs = 10_000;

const json = { "content-type": "application/json" };

async function statusOf(url: string, init?: RequestInit): Promise<number> {
  const answer = await fetch(url, init);
  await answer.arrayBuffer();
  return answer.status;
}

function post(headers: Record<string, string>, body: string, method = "POST"): RequestInit {
  return { method, headers: { ...json, ...headers }, body };
}

async function unfinished(url: string, type: string): Promise<undefined> {
  const requests = Array.from({ length: 12 }, () =>
    sendUnfinished({ url, headers: { "content-type": type }, bytes: verifiedFileBytesMax }),
  );
  await pause(unfinishedMs);
  for (const { leave } of requests) leave();
}

/** Strangers, who show nothing, or what they invented. */
export function strangersOf({ url, backendUrl }: Target): readonly Attack[] {
  const wrong = { authorization: `Bearer we_${"0".repeat(28)}` };
  const link = `${url}/v1/images/${"0".repeat(64)}.png?exp=9999999999&sig=${"0".repeat(64)}`;
  const asked = JSON.stringify({ prompt: "apple" });
  return [
    { name: "wrong keys", once: () => statusOf(`${url}/v1/images/generations`, post(wrong, asked)) },
    { name: "wrong operators", once: () => statusOf(`${url}/v1/admin/accounts`, { headers: wrong }) },
    { name: "health", once: () => statusOf(`${url}/v1/health`).then(() => undefined) },
    { name: "forged links", once: () => statusOf(link) },
    { name: "forged Stripe events", once: () => statusOf(`${url}/v1/stripe/webhook`, post({}, "{}")) },
    { name: "unsigned tasks", once: () => statusOf(`${backendUrl}/stage-c`, post({}, "{}")) },
    { name: "unfinished files at the edge", callers: 1, once: () => unfinished(`${url}/v1/verify`, "image/png") },
    {
      name: "unfinished pictures at the backend",
      callers: 1,
      once: () => unfinished(`${backendUrl}/encode-image?size=64x64`, "application/octet-stream"),
    },
  ];
}

/** An account that has a key, all scopes and no credit. */
export function pennilessOf({ url }: Target, key: string): readonly Attack[] {
  const shown = { authorization: `Bearer ${key}` };
  const binary = { ...shown, "content-type": "application/octet-stream" };
  let job = 0;
  const picture = btoa("a picture");
  return [
    { name: "seven bytes as a latent", once: () => statusOf(`${url}/v1/latents`, post(binary, "7 bytes", "PUT")) },
    {
      name: "pictures",
      once: () => statusOf(`${url}/v1/images/generations`, post(shown, '{"prompt":"apple","n":10,"reuse":"fresh"}')),
    },
    {
      name: "edits",
      once: () => statusOf(`${url}/v1/images/edits`, post(shown, JSON.stringify({ prompt: "apple", image: picture }))),
    },
    {
      name: "jobs",
      once: () => {
        job += 1;
        return statusOf(`${url}/v1/jobs/attack-${job}`, post(shown, '{"requests":[{"prompt":"apple"}]}', "PUT"));
      },
    },
  ];
}

/**
 * An account whose credit ends soon: asks for pictures and for streams that it leaves at the first preview, and goes on
 * when nothing is left. `onPicture` hears of every picture that it was given whole.
 */
export function poorOf({ url }: Target, key: string, onPicture: () => void): Attack {
  const headers = { authorization: `Bearer ${key}` };
  let seed = 5_000_000;
  return {
    name: "little credit",
    async once() {
      seed += 1;
      const isStream = seed % 2 === 0;
      const body = { prompt: "a blue apple", seed, ...(isStream && { stream: true, partial_images: 3, steps: 60 }) };
      const answer = await fetch(`${url}/v1/images/generations`, post(headers, JSON.stringify(body)));
      const reader = answer.body?.getReader();
      if (isStream && answer.ok) {
        await reader?.read();
        await reader?.cancel();
        return undefined;
      }
      while (reader !== undefined && !(await reader.read()).done);
      if (answer.status === 200) onPicture();
      return answer.status >= 500 ? answer.status : undefined;
    },
  };
}

/** Asks for ten pictures at a time, and pays. */
export function noisyOf({ url }: Target, key: string): Attack {
  let seed = 1_000_000;
  return {
    name: "a noisy neighbour",
    callers: 8,
    async once() {
      seed += 10;
      const body = JSON.stringify({ prompt: "a red apple", n: 10, seed });
      await statusOf(`${url}/v1/images/generations`, post({ authorization: `Bearer ${key}` }, body));
      return undefined;
    },
  };
}

/** What came of an attack. */
export interface AttackOutcome {
  readonly name: string;
  requests: number;
  /** Answers of 2xx: what it asked for was done. */
  served: number;
  /** Answers of 5xx. */
  broken: number;
}

/** For how long, and how often. */
export interface AttackPace {
  readonly ended: AbortSignal;
  /** Requests a second of each attack, at most. */
  readonly rate: number;
}

/** Attacks until `ended` aborts. */
export async function attackWith(
  attacks: readonly Attack[],
  { ended, rate }: AttackPace,
): Promise<readonly AttackOutcome[]> {
  return Promise.all(
    attacks.map(async ({ name, once, callers = 4 }) => {
      const outcome: AttackOutcome = { name, requests: 0, served: 0, broken: 0 };
      async function caller(): Promise<void> {
        while (!ended.aborted) {
          // A connection that is refused or reset is as good as an answer.
          const status = (await once().catch(() => undefined)) ?? 0;
          outcome.requests += 1;
          if (status >= 200 && status < 300) outcome.served += 1;
          if (status >= 500) outcome.broken += 1;
          await pause((1_000 * callers) / rate);
        }
      }
      await Promise.all(Array.from({ length: callers }, caller));
      return outcome;
    }),
  );
}
