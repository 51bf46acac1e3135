import { useSignal } from "@preact/signals";
import { Confirmation } from "../view/confirmation.tsx";
import { errorText } from "../view/error-text.ts";
import { loadAccount } from "./account-data.ts";
import { csvFile, eraseAll, exportFile, save } from "./own-data.ts";
import { accountWords } from "./words.ts";

/** What a person may take along, and have erased. */
export function DataPanel() {
  const { data: texts } = accountWords.value;
  const isWorking = useSignal(false);
  const isAsking = useSignal(false);
  const note = useSignal("");
  const fault = useSignal<string | undefined>(undefined);

  async function work(doing: () => Promise<string>): Promise<void> {
    isWorking.value = true;
    note.value = "";
    fault.value = undefined;
    try {
      note.value = await doing();
    } catch (error) {
      fault.value = errorText(error);
    }
    isWorking.value = false;
  }

  const file = (name: string, read: () => Promise<Blob>) => () =>
    void work(async () => {
      save(await read(), name);
      return texts.saved(name);
    });

  async function erase(): Promise<string> {
    const { complete, latents, jobs, charges } = await eraseAll();
    await loadAccount();
    return complete ? texts.erased(latents, jobs, charges) : texts.unfinished;
  }

  return (
    <section class="card" aria-labelledby="data-title">
      <h2 id="data-title">{texts.title}</h2>
      <p class="help">{texts.help}</p>
      <div class="choices">
        <button type="button" disabled={isWorking.value} onClick={file("account.ndjson", exportFile)}>
          {texts.export}
        </button>
        <button
          type="button"
          disabled={isWorking.value}
          onClick={file("receipts.csv", () => csvFile("/v1/receipts?format=csv&limit=1000"))}
        >
          {texts.receipts}
        </button>
        <button
          type="button"
          class="fault"
          disabled={isWorking.value}
          onClick={() => {
            isAsking.value = true;
          }}
        >
          {texts.erase}
        </button>
      </div>
      <p role="status">{isWorking.value ? texts.working : note.value}</p>
      <p class="fault" role="alert">
        {fault.value}
      </p>
      {isAsking.value && (
        <Confirmation
          title={texts.eraseTitle}
          text={texts.eraseText}
          yes={texts.eraseYes}
          no={texts.eraseNo}
          onYes={() => void work(erase)}
          onClose={() => {
            isAsking.value = false;
          }}
        />
      )}
    </section>
  );
}
