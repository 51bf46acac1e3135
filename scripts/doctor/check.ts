/** What a check found. */
export type Finding =
  | { readonly state: "ok"; readonly detail: string }
  | { readonly state: "warning" | "fault"; readonly detail: string; readonly fix: string };

/** One question about a machine, a state folder, a bundle or a deployment. Must not throw. */
export interface Check {
  readonly name: string;
  run(): Finding | Promise<Finding>;
}

/** A finding with the name of its check. */
export type Named = Finding & { readonly name: string };

export function found(detail: string): Finding {
  return { state: "ok", detail };
}

export function fault(detail: string, fix: string): Finding {
  return { state: "fault", detail, fix };
}

export function warning(detail: string, fix: string): Finding {
  return { state: "warning", detail, fix };
}

/** What an unexpected error says, in one line. */
export function reasonOf(error: unknown): string {
  const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  return line;
}
