import { type Signal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useRef } from "preact/hooks";
import { makeAtOnce, run } from "../state/make.ts";
import type { Result } from "../state/results.ts";
import { words } from "../words/words.ts";

const brushPixels = { min: 6, max: 40, first: 18 };

/** Paint a mask on the picture, and say what stands there instead. */
export function Edit(result: Result) {
  const { edit: texts } = words.value;
  const mask = useRef<HTMLCanvasElement>(null);
  const prompt = useSignal(result.prompt);
  const isPainted = useSignal(false);

  function make(): void {
    const body = { prompt: prompt.value, mask: maskFile(mask.current), reuse: "fresh" };
    const request = { method: "POST", path: `/v1/latents/${result.latentId}/variations`, body } as const;
    void makeAtOnce(request, result, prompt.value);
  }

  return (
    <div class="panel">
      <p class="help">{texts.help}</p>
      <MaskPainter result={result} mask={mask} isPainted={isPainted} />
      <label class="field">
        <span>{texts.prompt}</span>
        <input
          type="text"
          value={prompt.value}
          onInput={({ currentTarget }) => {
            prompt.value = currentTarget.value;
          }}
        />
      </label>
      <button
        type="button"
        class="primary"
        onClick={make}
        disabled={!isPainted.value || prompt.value.trim() === "" || run.value !== undefined}
      >
        {texts.make}
      </button>
    </div>
  );
}

interface MaskPainterProps {
  readonly result: Result;
  readonly mask: RefObject<HTMLCanvasElement | null>;
  readonly isPainted: Signal<boolean>;
}

function MaskPainter({ result, mask, isPainted }: MaskPainterProps) {
  const { edit: texts } = words.value;
  const brush = useSignal(brushPixels.first);
  const [width = 1, height = 1] = result.size.split("x").map(Number);

  function fill(isFull: boolean): void {
    const context = mask.current?.getContext("2d");
    context?.clearRect(0, 0, width, height);
    if (isFull && context) {
      context.fillStyle = "white";
      context.fillRect(0, 0, width, height);
    }
    isPainted.value = isFull;
  }

  return (
    <>
      <div class="frame small-frame mask">
        <img src={result.url} alt="" />
        <canvas
          ref={mask}
          role="img"
          aria-label={texts.canvas}
          width={width}
          height={height}
          onPointerDown={(event) => {
            isPainted.value = paint(event, brush.value) || isPainted.value;
          }}
          onPointerMove={(event) => {
            isPainted.value = paint(event, brush.value) || isPainted.value;
          }}
        />
      </div>
      <label class="slider">
        <span>{texts.brush}</span>
        <input
          type="range"
          min={brushPixels.min}
          max={brushPixels.max}
          value={brush.value}
          onInput={({ currentTarget }) => {
            brush.value = currentTarget.valueAsNumber;
          }}
        />
      </label>
      <div class="buttons">
        <button type="button" onClick={() => fill(true)}>
          {texts.all}
        </button>
        <button type="button" onClick={() => fill(false)}>
          {texts.clear}
        </button>
      </div>
    </>
  );
}

/**
 * A dot where the pen is pressed, in the picture's own pixels whatever its size on the screen. Returns whether it is.
 */
function paint({ buttons, clientX, clientY, currentTarget }: PointerEvent, radius: number): boolean {
  if (buttons === 0 || !(currentTarget instanceof HTMLCanvasElement)) return false;
  const context = currentTarget.getContext("2d");
  const box = currentTarget.getBoundingClientRect();
  const [x, y] = [(clientX - box.left) / box.width, (clientY - box.top) / box.height];
  if (context === null) return false;
  context.fillStyle = "white";
  context.beginPath();
  context.arc(x * currentTarget.width, y * currentTarget.height, radius, 0, 2 * Math.PI);
  context.fill();
  return true;
}

/** The mask as the API takes it: a PNG in base64, transparent where the picture changes. */
function maskFile(painted: HTMLCanvasElement | null): string {
  const canvas = document.createElement("canvas");
  canvas.width = painted?.width ?? 1;
  canvas.height = painted?.height ?? 1;
  const context = canvas.getContext("2d");
  if (context === null || painted === null) return "";
  context.fillStyle = "black";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.globalCompositeOperation = "destination-out";
  context.drawImage(painted, 0, 0);
  return canvas.toDataURL("image/png").replace(/^data:[^,]*,/u, "");
}
