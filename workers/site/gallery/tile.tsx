import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ListedLatent } from "../../../shared/api/latent-list.ts";
import type { LatentView } from "../decoder/messages.ts";
import { latentOf } from "../state/latents.ts";
import { DevicePicture } from "../view/device-picture.tsx";
import { errorText } from "../view/error-text.ts";
import { LatentMaps } from "../view/latent-map.tsx";
import { dollars } from "../view/money.ts";
import { PixelsCanvas } from "../view/pixels-canvas.tsx";
import { language } from "../words/words.ts";
import { previews, showFromDevice, showFromServer, shownPictures } from "./listed-latents.ts";
import { galleryWords } from "./words.ts";

interface TileProps {
  readonly latent: ListedLatent;
  /** From 1, the newest. */
  readonly number: number;
  readonly onDelete: () => void;
}

/** One latent: a rough picture until somebody asks for the exact one, what is known of it, what can be done with it. */
export function Tile({ latent, number, onDelete }: TileProps) {
  const texts = galleryWords.value;
  const { id, source, size, seed, hits, created } = latent;
  return (
    <li class="tile card">
      <TilePicture id={id} number={number} />
      <div>
        <h2>{source === null ? texts.unknownSource : texts.sources[source]}</h2>
        <p class="help">
          {[size, seed === null ? undefined : texts.seed(seed), hits > 0 ? texts.hits(hits) : undefined]
            .filter((fact) => fact !== undefined && fact !== null)
            .join(" · ")}
        </p>
        <p class="help">
          <time dateTime={new Date(created * 1_000).toISOString()}>
            {new Date(created * 1_000).toLocaleString(language.value, { dateStyle: "medium", timeStyle: "short" })}
          </time>
        </p>
      </div>
      <TileButtons latent={latent} number={number} onDelete={onDelete} />
    </li>
  );
}

function TileButtons({ latent: { id, price }, number, onDelete }: TileProps) {
  const texts = galleryWords.value;
  const isWorking = useSignal(false);

  async function work(showing: Promise<void>): Promise<void> {
    isWorking.value = true;
    await showing;
    isWorking.value = false;
  }

  return (
    <div class="choices">
      {price === null ? (
        <p class="help">{texts.unavailable}</p>
      ) : (
        <>
          <button type="button" disabled={isWorking.value} onClick={() => void work(showFromServer(id))}>
            {texts.show(dollars(price.micro_usd))}
          </button>
          <button type="button" disabled={isWorking.value} onClick={() => void work(showFromDevice(id))}>
            {texts.here}
          </button>
        </>
      )}
      <button type="button" class="quiet" aria-label={texts.removeOf(number)} onClick={onDelete}>
        {texts.remove}
      </button>
    </div>
  );
}

function TilePicture({ id, number }: { readonly id: string; readonly number: number }) {
  const texts = galleryWords.value;
  const shown = shownPictures.value.get(id);
  switch (shown?.by) {
    case "server":
      return (
        <figure>
          <img src={shown.url} alt={texts.picture(number)} />
          <figcaption class="help">{texts.shown(dollars(shown.microUsd))}</figcaption>
        </figure>
      );
    case "device":
      return <DevicePicture decode={shown.decode} label={texts.picture(number)} />;
    default:
      return (
        <div>
          <TileMap id={id} number={number} />
          {shown?.by === "failure" && (
            <p class="fault" role="alert">
              {errorText(shown.error)}
            </p>
          )}
        </div>
      );
  }
}

/** The rough picture once there is one; until then, and where there is none, the maps. */
function TileMap({ id, number }: { readonly id: string; readonly number: number }) {
  const texts = galleryWords.value;
  const view = useSignal<LatentView | undefined>(undefined);
  const preview = previews.value.get(id);
  useEffect(() => {
    // One of another model has no map here; the list says so beside it.
    latentOf(id).then(
      (latent) => {
        view.value = latent.view;
      },
      () => {},
    );
  }, [id, view]);
  return (
    <div class="tile-map">
      {preview !== undefined && <PixelsCanvas pixels={preview} label={texts.preview(number)} />}
      {preview === undefined && view.value !== undefined && <LatentMaps {...view.value} label={texts.latent(number)} />}
    </div>
  );
}
