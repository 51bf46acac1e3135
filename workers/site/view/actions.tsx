import { useSignal } from "@preact/signals";
import { make, run } from "../state/make.ts";
import type { Result } from "../state/results.ts";
import { isDecodedHere, settings } from "../state/settings.ts";
import { words } from "../words/words.ts";
import { Code } from "./code.tsx";
import { DecodeHere } from "./decode-here.tsx";
import { Edit } from "./edit.tsx";
import { Mix } from "./mix.tsx";
import { Share } from "./share.tsx";
import { Vary } from "./vary.tsx";

/** What opens below the buttons. */
const panels = { vary: Vary, mix: Mix, edit: Edit, decode: DecodeHere, share: Share, code: Code } as const;

type PanelName = keyof typeof panels;

/** What can be done with a picture. */
export function Actions(result: Result) {
  const { actions: texts } = words.value;
  const open = useSignal<PanelName | undefined>(undefined);
  const here = isDecodedHere(result.settings);
  const Panel = open.value === undefined ? undefined : panels[open.value];

  /** Really another one: no seed, and no latent that is there already. */
  function again(): void {
    settings.value = { ...result.settings, seed: undefined, reuse: "fresh" };
    void make(settings.value);
  }

  return (
    <section class="actions" aria-label={texts.label}>
      <div class="buttons">
        <button type="button" onClick={again} title={texts.againHelp} disabled={run.value !== undefined}>
          {texts.again}
        </button>
        <PanelButton name="vary" label={words.value.vary.open} open={open} />
        {here && <PanelButton name="mix" label={words.value.mix.open} open={open} />}
        <PanelButton name="edit" label={words.value.edit.open} open={open} />
        {here && <PanelButton name="decode" label={words.value.device.open} open={open} />}
        <a class="button" href={result.url} download={fileName(result)}>
          {texts.download}
        </a>
        {here && <PanelButton name="share" label={words.value.share.open} open={open} />}
        <PanelButton name="code" label={texts.code} open={open} />
      </div>
      {Panel !== undefined && <Panel key={result.id} {...result} />}
    </section>
  );
}

interface PanelButtonProps {
  readonly name: PanelName;
  readonly label: string;
  readonly open: { value: PanelName | undefined };
}

function PanelButton({ name, label, open }: PanelButtonProps) {
  return (
    <button
      type="button"
      aria-expanded={open.value === name}
      onClick={() => {
        open.value = open.value === name ? undefined : name;
      }}
    >
      {label}
    </button>
  );
}

/** From the words, without what a file's name must not hold. */
function fileName({ prompt, seed, format }: Result): string {
  const stem = prompt.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60);
  return `${stem}-${seed}.${format}`;
}
