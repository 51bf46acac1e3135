import { type Check, type Finding, fault, found, reasonOf } from "./check.ts";

/** A service that answers, and what opens it. */
export interface Service {
  /** Without `/v1`. */
  readonly url: string;
  readonly apiKey: string | undefined;
  readonly nowMs: () => number;
}

/** A signature of an edge is accepted for 60 s, so clocks may differ by less. */
const skewSecondsMax = 30;

const answerMsMax = 20_000;

/** Whether a service can be reached, is healthy, knows the key, and has the time. */
export function serviceChecks(service: Service): readonly Check[] {
  return [
    { name: "reachable", run: () => guarded(() => checkHealth(service)) },
    { name: "clock", run: () => guarded(() => checkClock(service)) },
    { name: "API key", run: () => guarded(() => checkApiKey(service)) },
  ];
}

async function guarded(run: () => Promise<Finding>): Promise<Finding> {
  try {
    return await run();
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return fault(`No answer: ${reasonOf(cause)}`, "Check the address, and that the service runs and may be reached.");
  }
}

function ask({ url }: Service, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(new URL(path, url), { headers, signal: AbortSignal.timeout(answerMsMax) });
}

async function checkHealth(service: Service): Promise<Finding> {
  const { ok, status } = await ask(service, "/v1/health");
  if (ok) return found("edge and backend are healthy");
  return fault(`GET /v1/health answers ${status}.`, 'See docs/operations.md, "When something is wrong".');
}

async function checkClock(service: Service): Promise<Finding> {
  const { headers } = await ask(service, "/v1/models");
  const theirs = Date.parse(headers.get("date") ?? "");
  // Local runs send no date: they have this machine's clock.
  if (Number.isNaN(theirs)) return found("the same as here");
  const seconds = Math.round(Math.abs(service.nowMs() - theirs) / 1_000);
  if (seconds <= skewSecondsMax) return found(`${seconds} s apart`);
  return fault(`This machine's clock and the service's are ${seconds} s apart.`, "Turn time synchronisation (NTP) on.");
}

async function checkApiKey(service: Service): Promise<Finding> {
  if (service.apiKey === undefined) return fault("No key was given.", "Pass --key, or set WUERSTCHEN_API_KEY.");
  const { status } = await ask(service, "/v1/balance", { authorization: `Bearer ${service.apiKey}` });
  if (status === 200) return found("opens its account");
  if (status === 401) return fault("The service does not know the key.", 'Make one: docs/accounts.md, "Keys".');
  return fault(`GET /v1/balance answers ${status}.`, "The key needs the scope `read`; see docs/accounts.md.");
}
