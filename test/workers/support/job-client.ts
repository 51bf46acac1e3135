import type { JobAnswer, JobResult, JobSummary } from "../../../shared/api/job.ts";
import type { TestEdge } from "./test-edge.ts";

/** One server-sent event. */
export interface SentEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: unknown;
}

/** A client of the job routes, with one key. */
export class JobClient {
  readonly #edge: TestEdge;
  readonly #key: string;

  constructor(edge: TestEdge, key: string) {
    this.#edge = edge;
    this.#key = key;
  }

  send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const authorization = `Bearer ${this.#key}`;
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const all = { authorization, "content-type": "application/json", ...headers };
    return this.#edge.fetch(`/v1/jobs${path}`, { method, headers: all, ...json });
  }

  put(id: string, body: unknown): Promise<Response> {
    return this.send("PUT", `/${id}`, body);
  }

  /** Creates a job, which must succeed. */
  async create(id: string, body: unknown): Promise<JobSummary> {
    return readAs(await this.put(id, body), 201);
  }

  async get(id: string, query = ""): Promise<JobAnswer> {
    return readAs(await this.send("GET", `/${id}${query}`), 200);
  }

  async cancel(id: string): Promise<JobSummary> {
    return readAs(await this.send("POST", `/${id}/cancel`), 200);
  }

  /** The job's events from after `lastEventId` to its end. */
  async events(id: string, lastEventId = ""): Promise<SentEvent[]> {
    const response = await this.send("GET", `/${id}/events`, undefined, { "last-event-id": lastEventId });
    return parseEvents(await response.text());
  }

  /** The job once it has ended. */
  async ended(id: string): Promise<JobAnswer> {
    await this.events(id);
    return this.get(id);
  }
}

async function readAs<Body>(response: Response, status: number): Promise<Body> {
  if (response.status !== status) throw new TypeError(`${response.status}: ${await response.text()}`);
  return response.json();
}

/** Reads a stream's text as a browser would. */
export function parseEvents(text: string): SentEvent[] {
  const blocks = text.split("\n\n").filter((block) => block !== "" && !block.startsWith(":"));
  return blocks.map((block) => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, "mu").exec(block)?.[1];
    return { id: field("id"), event: field("event") ?? "message", data: JSON.parse(field("data") ?? "null") };
  });
}

/** The results among some events. */
export function resultsIn(events: readonly SentEvent[]): JobResult[] {
  return events.filter(({ event }) => event === "result").map(({ data }) => data as JobResult);
}
