import { useEffect, useState } from "preact/hooks";
import type { AuditItem } from "../../../shared/api/admin-answers.ts";
import { errorText } from "../view/error-text.ts";
import { AuditEntries } from "./audit-entries.tsx";
import { ask } from "./operator.ts";

interface AuditPage {
  readonly data: readonly AuditItem[];
  readonly has_more: boolean;
}

/** The newest entries that are shown. */
const entriesMax = 200;

interface AuditLogProps {
  /** Of the list, which the API gives from the oldest on. */
  readonly path: string;
  readonly title: string;
}

/** Who changed what of one thing that keeps a log of its own, newest first. */
export function AuditLog({ path, title }: AuditLogProps) {
  const [entries, setEntries] = useState<readonly AuditItem[]>([]);
  const [fault, setFault] = useState("");
  useEffect(() => {
    newest(path).then(setEntries, (error: unknown) => setFault(errorText(error)));
  }, [path]);
  return (
    <section class="card">
      <h3>{title}</h3>
      {fault !== "" && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      <AuditEntries entries={entries} title={title} />
    </section>
  );
}

async function newest(path: string): Promise<readonly AuditItem[]> {
  let entries: readonly AuditItem[] = [];
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page: AuditPage = await ask({ method: "GET", path: `${path}?limit=100&after=${after}` });
    entries = [...entries, ...page.data].slice(-entriesMax);
    after = page.has_more ? page.data.at(-1)?.id : undefined;
  }
  return entries.toReversed();
}
