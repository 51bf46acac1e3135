import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Pixels } from "../../../shared/decoding/pixels.ts";
import { decodeLatentFile, mixLatents, previewLatentFile } from "../decoder/decoder.ts";
import { latentOf } from "../state/latents.ts";
import { makeAtOnce, run } from "../state/make.ts";
import { type Result, results } from "../state/results.ts";
import { words } from "../words/words.ts";
import { errorText } from "./error-text.ts";
import { PixelsCanvas } from "./pixels-canvas.tsx";

/** How long the slider must rest before the exact picture is worth its second. */
const restMs = 250;

/** The way from this picture to another, made on this device: rough while the slider moves, exact when it rests. */
export function Mix(result: Result) {
  const { mix: texts } = words.value;
  const others = results.value.filter(({ latentId, size }) => latentId !== result.latentId && size === result.size);
  if (others.length === 0) return <p class="panel help">{texts.none}</p>;
  return <MixOf result={result} others={others} />;
}

function MixOf({ result, others }: { readonly result: Result; readonly others: readonly Result[] }) {
  const { mix: texts } = words.value;
  const otherId = useSignal(others.at(-1)?.latentId ?? "");
  const place = useSignal(0.5);
  const { pixels, fault } = useMix(result.latentId, otherId.value, place.value);

  function keep(): void {
    const path = `/v1/latents/${result.latentId}/interpolate`;
    const body = { latent_id: otherId.value, t: place.value };
    const other = others.find(({ latentId }) => latentId === otherId.value);
    void makeAtOnce({ method: "POST", path, body }, result, `${result.prompt} × ${other?.prompt ?? ""}`);
  }

  return (
    <div class="panel">
      <p class="help">{texts.help}</p>
      <label class="slider">
        <span>{texts.with}</span>
        <select
          value={otherId.value}
          onChange={({ currentTarget }) => {
            otherId.value = currentTarget.value;
          }}
        >
          {others.map(({ id, latentId, prompt, seed }) => (
            <option key={id} value={latentId}>
              {prompt} · {seed}
            </option>
          ))}
        </select>
      </label>
      <label class="slider">
        <span>{texts.place}</span>
        <input
          type="range"
          min={0}
          max={1}
          step={0.05}
          value={place.value}
          onInput={({ currentTarget }) => {
            place.value = currentTarget.valueAsNumber;
          }}
        />
        <output>{place.value.toFixed(2)}</output>
      </label>
      <div class="frame small-frame">{pixels && <PixelsCanvas pixels={pixels} label={texts.label} />}</div>
      <p class="fault" role="alert">
        {fault}
      </p>
      <button type="button" class="primary" onClick={keep} disabled={run.value !== undefined}>
        {texts.keep}
      </button>
    </div>
  );
}

function useMix(firstId: string, secondId: string, place: number) {
  const pixels = useSignal<Pixels | undefined>(undefined);
  const fault = useSignal<string | undefined>(undefined);
  useEffect(() => {
    let isCurrent = true;
    const show = (made: Pixels) => {
      if (!isCurrent) return;
      pixels.value = made;
      fault.value = undefined;
    };
    const mixed = Promise.all([latentOf(firstId), latentOf(secondId)]).then(([a, b]) =>
      mixLatents([a.file, b.file], place),
    );
    const fail = (error: unknown) => {
      if (isCurrent) fault.value = errorText(error);
    };
    mixed.then(previewLatentFile).then((rough) => show(rough.pixels), fail);
    const timer = setTimeout(() => {
      mixed.then((file) => decodeLatentFile(file, () => {})).then((exact) => show(exact.pixels), fail);
    }, restMs);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [firstId, secondId, place, pixels, fault]);
  return { pixels: pixels.value, fault: fault.value };
}
