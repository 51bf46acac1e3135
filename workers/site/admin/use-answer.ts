import { useCallback, useEffect, useState } from "preact/hooks";
import { ask } from "./operator.ts";

/** What a request came to so far; an answer stays while it is asked for again. */
export interface Asked<Answer> {
  readonly answer: Answer | undefined;
  readonly error: unknown;
  /** Asks again. */
  readonly refresh: () => Promise<void>;
}

/** Asks for a path of the API, and again when it changes. */
export function useAnswer<Answer>(path: string): Asked<Answer> {
  const [state, setState] = useState<{ path: string; answer?: Answer; error?: unknown }>({ path });
  const refresh = useCallback(async () => {
    try {
      const answer = await ask<Answer>({ method: "GET", path });
      setState({ path, answer });
    } catch (error) {
      setState({ path, error });
    }
  }, [path]);
  useEffect(() => {
    void refresh();
  }, [refresh]);
  const isOfPath = state.path === path;
  return { answer: isOfPath ? state.answer : undefined, error: isOfPath ? state.error : undefined, refresh };
}
