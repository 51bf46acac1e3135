/** The service refused a request, or a stream of pictures failed midway (`status` is then 0). */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** A stable code, such as "insufficient_quota". */
  readonly code: string;
  /** The field to blame, if one is. */
  readonly param: string | null;
  readonly status: number;
  /** Names the request to the operator; undefined if no answer carried it. */
  readonly requestId: string | undefined;
  /** Seconds to wait before a repeat, if the service states them. */
  readonly retryAfterSeconds: number | undefined;

  /** `body` is what the answer held, an error envelope or not. */
  constructor(body: unknown, response?: Response) {
    const { error } = (isObject(body) ? body : {}) as { readonly error?: unknown };
    // Each field is checked before it is used.
    const fields: Readonly<Record<string, unknown>> = isObject(error) ? error : {};
    const { message, code, param } = fields;
    super(typeof message === "string" ? message : `HTTP ${response?.status ?? 0}`);
    this.code = typeof code === "string" ? code : "unknown";
    this.param = typeof param === "string" ? param : null;
    this.status = response?.status ?? 0;
    this.requestId = response?.headers.get("x-request-id") ?? undefined;
    const seconds = Number(response?.headers.get("retry-after") ?? Number.NaN);
    this.retryAfterSeconds = Number.isNaN(seconds) ? undefined : seconds;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
