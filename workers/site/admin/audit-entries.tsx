import type { AuditItem } from "../../../shared/api/admin-answers.ts";
import { reasonText, rollOutReasonsSchema } from "../../../shared/api/roll-out-reason.ts";
import { moment } from "./figures.ts";
import { linkTo } from "./place.ts";
import { Table } from "./table.tsx";
import { adminWords } from "./words.ts";

interface AuditEntriesProps {
  /** With the account of each, where they are of several. */
  readonly entries: readonly (AuditItem & { readonly account?: string })[];
  /** What the table is called. */
  readonly title: string;
}

/** Entries of an audit log as a table, in the order in which they come. */
export function AuditEntries({ entries, title }: AuditEntriesProps) {
  const { audit: texts, system, none } = adminWords.value;
  const hasAccounts = entries.some(({ account }) => account !== undefined);
  return (
    <div class="audit">
      <Table
        label={title}
        columns={[
          texts.at,
          ...(hasAccounts ? [system.account] : []),
          texts.actor,
          texts.action,
          texts.subject,
          texts.details,
        ]}
        empty={none}
        rows={entries.map(({ id, account = "", at, actor, action, subject, details }) => ({
          key: `${account} ${id}`,
          cells: [
            moment(at),
            ...(hasAccounts ? [<AccountLink key="account" account={account} />] : []),
            actor,
            <code key="action">{action}</code>,
            subject,
            detailsText(action, details),
          ],
        }))}
      />
    </div>
  );
}

function AccountLink({ account }: { readonly account: string }) {
  return <a href={linkTo("accounts", account)}>{account}</a>;
}

/** "micro_usd 5000000, defaults {"reuse":"fresh"}". Of what is new, all that was not given is left out. */
function detailsText(action: string, details: unknown): string {
  const isNew = /\.(?:opened|created)$/u.test(action);
  return Object.entries(Object(details))
    .filter(([, value]) => !(isNew && value === null))
    .map(([name, value]) => `${name} ${valueText(value)}`)
    .join(", ");
}

/** Why a rule ended a roll-out is a list of codes with figures, which this page has sentences for. */
function valueText(value: unknown): string {
  const { reasons, between } = adminWords.value.rollOut;
  const { data: why } = rollOutReasonsSchema.safeParse(value);
  if (why !== undefined && why.length > 0) return why.map((reason) => reasonText(reasons, reason)).join(between);
  return Object(value) === value ? JSON.stringify(value) : String(value);
}
