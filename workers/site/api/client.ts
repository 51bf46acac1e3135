/** The API refused, or could not be reached (`code` is then "offline"). */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: string;
  readonly status: number;

  constructor(message: string, code: string, status: number) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** One request as it goes out, and as it is shown as code. */
export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** From "/v1/" on. */
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>> | undefined;
}

/** Who asks, and until when. */
export interface ApiOptions {
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Sends a request. Rejects with `ApiError` on a refusal or without a connection, and as `fetch` does when aborted. */
export async function send({ method, path, body }: ApiRequest, { key, signal }: ApiOptions): Promise<Response> {
  const headers = new Headers();
  if (key !== undefined) headers.set("authorization", `Bearer ${key}`);
  if (body !== undefined) headers.set("content-type", "application/json");
  const response = await fetch(path, {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
    signal: signal ?? null,
    credentials: "omit",
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new ApiError("No connection.", "offline", 0);
  });
  if (!response.ok) throw await refusalOf(response);
  return response;
}

/** Sends a request and reads the JSON of its answer, which has the type that the API's document says. */
export async function sendForJson<Answer>(request: ApiRequest, options: ApiOptions): Promise<Answer> {
  const response = await send(request, options);
  return (await response.json()) as Answer;
}

async function refusalOf(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => undefined);
  return apiErrorOf(body, response.status);
}

/** The error in OpenAI's envelope, wherever it was found. */
export function apiErrorOf(body: unknown, status: number): ApiError {
  const { error } = (body ?? {}) as { readonly error?: { readonly message?: unknown; readonly code?: unknown } };
  const message = typeof error?.message === "string" ? error.message : `HTTP ${status}`;
  return new ApiError(message, typeof error?.code === "string" ? error.code : "internal", status);
}
