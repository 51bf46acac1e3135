import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { latentFragment } from "../decoder/latent-link.ts";
import { latentOf } from "../state/latents.ts";
import type { Result } from "../state/results.ts";
import { words } from "../words/words.ts";
import { errorText } from "./error-text.ts";

/** A link that is the picture, and one that makes it again. */
export function Share(result: Result) {
  const { share: texts } = words.value;
  const { latentId } = result;
  const pictureLink = useSignal("");
  const fault = useSignal<unknown>(undefined);

  useEffect(() => {
    latentOf(latentId).then(
      ({ view }) => {
        pictureLink.value = `${location.origin}/picture#${latentFragment(view)}`;
      },
      (error: unknown) => {
        fault.value = error;
      },
    );
  }, [latentId, pictureLink, fault]);

  return (
    <div class="panel">
      <LinkToCopy label={texts.pictureLink} help={texts.help} link={pictureLink.value} />
      <p class="fault" role="alert">
        {fault.value !== undefined && errorText(fault.value)}
      </p>
      <LinkToCopy label={texts.settingsLink} help={texts.settingsHelp} link={settingsLink(result)} />
    </div>
  );
}

interface LinkToCopyProps {
  readonly label: string;
  readonly help: string;
  /** "": not there yet. */
  readonly link: string;
}

/** The link itself too, because a browser may forbid a page to copy. */
function LinkToCopy({ label, help, link }: LinkToCopyProps) {
  const { actions } = words.value;
  const isCopied = useSignal(false);

  async function copy(): Promise<void> {
    isCopied.value = await navigator.clipboard.writeText(link).then(
      () => true,
      () => false,
    );
  }

  return (
    <div class="link-to-copy">
      <label class="field">
        <span>{label}</span>
        <input type="text" readOnly value={link} onFocus={({ currentTarget }) => currentTarget.select()} />
      </label>
      <button type="button" disabled={link === ""} aria-label={`${actions.copy}: ${label}`} onClick={copy}>
        {isCopied.value ? actions.copied : actions.copy}
      </button>
      <p class="help">{help}</p>
    </div>
  );
}

/** With the seed that it got, whatever was asked for. */
function settingsLink({ link, seed }: Result): string {
  const exact = new URLSearchParams(link);
  exact.set("seed", String(seed));
  return `${location.origin}/#${exact}`;
}
