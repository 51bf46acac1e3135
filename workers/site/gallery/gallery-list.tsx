import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { apiKey } from "../state/session.ts";
import { Confirmation } from "../view/confirmation.tsx";
import { errorText } from "../view/error-text.ts";
import {
  deleteLatent,
  listed,
  listFault,
  loadFirstPage,
  loadOlder,
  nextCursor,
  previewListed,
} from "./listed-latents.ts";
import { Tile } from "./tile.tsx";
import { galleryWords } from "./words.ts";

/** What the account keeps, newest first, page by page. */
export function Gallery() {
  const texts = galleryWords.value;
  const key = apiKey.value;
  const isFirst = useRef(true);
  /** The latent whose deletion waits for a confirmation. */
  const leaving = useSignal<string | undefined>(undefined);

  // Another key may belong to another account. The first page was read before the gallery was shown.
  useEffect(() => {
    if (!isFirst.current || listed.value === undefined) void loadFirstPage();
    isFirst.current = false;
  }, [key]);

  const latents = listed.value ?? [];
  const count = latents.length;
  useEffect(() => void previewListed(), [key, count]);

  return (
    <>
      <p class="help intro">{texts.intro}</p>
      {listFault.value !== undefined && (
        <p class="fault" role="alert">
          {errorText(listFault.value)}
        </p>
      )}
      {listed.value !== undefined && latents.length === 0 && (
        <p>
          {texts.empty} <a href="/">{texts.make}</a>
        </p>
      )}
      <ul class="gallery" aria-label={texts.list}>
        {latents.map((latent, index) => (
          <Tile
            key={latent.id}
            latent={latent}
            number={index + 1}
            onDelete={() => {
              leaving.value = latent.id;
            }}
          />
        ))}
      </ul>
      {nextCursor.value !== null && (
        <button type="button" class="older" onClick={() => void loadOlder()}>
          {texts.older}
        </button>
      )}
      {leaving.value !== undefined && (
        <Confirmation
          title={texts.confirmTitle}
          text={texts.confirm}
          yes={texts.confirmYes}
          no={texts.confirmNo}
          onYes={() => {
            if (leaving.value !== undefined) void deleteLatent(leaving.value);
          }}
          onClose={() => {
            leaving.value = undefined;
          }}
        />
      )}
    </>
  );
}
