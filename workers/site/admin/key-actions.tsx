import { useSignal } from "@preact/signals";
import type { CreatedKey, KeyItem } from "../../../shared/api/admin-answers.ts";
import { ask } from "./operator.ts";
import { adminWords } from "./words.ts";

interface ActionsProps {
  readonly item: KeyItem;
  /** Of the account in the API. */
  readonly path: string;
  readonly change: (order: () => Promise<CreatedKey>) => Promise<void>;
}

/** What can be done to a key that is not revoked. A revocation cannot be undone, so it is asked for twice. */
export function KeyActions({ item, path, change }: ActionsProps) {
  const { keys: texts } = adminWords.value;
  const isSure = useSignal(false);
  if (item.revoked_at !== null) return null;
  const key = `${path}/keys/${encodeURIComponent(item.id)}`;
  const revoke = () => change(() => ask<CreatedKey>({ method: "DELETE", path: key }));
  const rotate = () => change(() => ask<CreatedKey>({ method: "POST", path: `${key}/rotations`, body: {} }));
  if (isSure.value) {
    return (
      <span class="actions">
        <button type="button" class="small" onClick={revoke}>
          {texts.revokeSure}
        </button>
        <button
          type="button"
          class="small"
          onClick={() => {
            isSure.value = false;
          }}
        >
          {texts.keep}
        </button>
      </span>
    );
  }
  return (
    <span class="actions">
      {item.replaced_by === null && (
        <button type="button" class="small" onClick={rotate}>
          {texts.rotate}
        </button>
      )}
      <button
        type="button"
        class="small"
        onClick={() => {
          isSure.value = true;
        }}
      >
        {texts.revoke}
      </button>
    </span>
  );
}
