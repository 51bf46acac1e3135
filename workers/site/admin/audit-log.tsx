import { useEffect, useState } from "preact/hooks";
import type { AuditItem } from "../../../shared/api/admin-answers.ts";
import { errorText } from "../view/error-text.ts";
import { moment } from "./figures.ts";
import { ask } from "./operator.ts";
import { Table } from "./table.tsx";
import { adminWords } from "./words.ts";

interface AuditPage {
  readonly data: readonly AuditItem[];
  readonly has_more: boolean;
}

/** The newest entries that are shown. */
const entriesMax = 200;

/** Who changed the account, newest first: the API lists them from the oldest. */
export function AuditLog({ path }: { readonly path: string }) {
  const { audit: texts, none } = adminWords.value;
  const [entries, setEntries] = useState<readonly AuditItem[]>([]);
  const [fault, setFault] = useState("");
  useEffect(() => {
    newest(path).then(setEntries, (error: unknown) => setFault(errorText(error)));
  }, [path]);
  return (
    <section class="card">
      <h3>{texts.title}</h3>
      {fault !== "" && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      <Table
        label={texts.title}
        columns={[texts.at, texts.actor, texts.action, texts.subject, texts.details]}
        empty={none}
        rows={entries.map(({ id, at, actor, action, subject, details }) => ({
          key: String(id),
          cells: [moment(at), actor, <code key="action">{action}</code>, subject, detailsText(details)],
        }))}
      />
    </section>
  );
}

async function newest(path: string): Promise<readonly AuditItem[]> {
  let entries: readonly AuditItem[] = [];
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page: AuditPage = await ask({ method: "GET", path: `${path}/audit?limit=100&after=${after}` });
    entries = [...entries, ...page.data].slice(-entriesMax);
    after = page.has_more ? page.data.at(-1)?.id : undefined;
  }
  return entries.toReversed();
}

/** "micro_usd 5000000, suspended false" */
function detailsText(details: unknown): string {
  return Object.entries(Object(details))
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(", ");
}
