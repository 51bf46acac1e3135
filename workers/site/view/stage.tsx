import { useEffect, useRef } from "preact/hooks";
import { failure, type Run, run } from "../state/make.ts";
import { type Result, results, shown } from "../state/results.ts";
import { hasStyles, model } from "../state/settings.ts";
import { words } from "../words/words.ts";
import { Actions } from "./actions.tsx";
import { errorText } from "./error-text.ts";
import { Examples } from "./examples.tsx";
import { Facts } from "./facts.tsx";
import { History } from "./history.tsx";

/** The picture, or how it is coming about, or where to begin. */
export function Stage() {
  const { result: texts } = words.value;
  return (
    <section id="stage" class="stage" aria-label={texts.title} tabIndex={-1}>
      <Failure />
      <StageContent />
      {results.value.length > 1 && <History />}
    </section>
  );
}

function StageContent() {
  const { result: texts } = words.value;
  const isRunning = run.value !== undefined;
  if (isRunning || shown.value !== undefined) {
    return (
      <>
        {run.value !== undefined && <Progress {...run.value} />}
        {/* Kept while a run is under way: a mask and words that were put together survive a run that fails. */}
        {shown.value !== undefined && (
          <div hidden={isRunning}>
            <Shown {...shown.value} />
          </div>
        )}
      </>
    );
  }
  if (hasStyles(model.value) && results.value.length === 0) return <Examples />;
  return <p class="frame empty">{texts.empty}</p>;
}

function Failure() {
  const text = useRef<HTMLParagraphElement>(null);
  useEffect(() => text.current?.scrollIntoView({ block: "nearest" }), [failure.value]);
  if (failure.value === undefined) return null;
  const isStopped = failure.value === "stopped";
  return (
    <p ref={text} class={isStopped ? "notice" : "notice fault"} role="alert">
      {failure.value === "stopped" ? words.value.make.stopped : errorText(failure.value)}
    </p>
  );
}

function Progress({ size, step, steps, preview, prompt }: Run) {
  const { make, result: texts } = words.value;
  const figure = useRef<HTMLElement>(null);
  // A run may begin in a panel far below.
  useEffect(() => figure.current?.scrollIntoView({ block: "nearest" }), []);
  const share = steps === 0 ? 0 : step / steps;
  const isDecoding = steps > 0 && step === steps;
  const waiting = steps === 0 ? make.waiting : make.step(step, steps);
  return (
    <figure ref={figure} class="picture working">
      <div class="frame" style={{ aspectRatio: ratioOf(size) }}>
        {preview !== undefined && (
          <img src={preview} alt={texts.preview} style={{ filter: `blur(${(1 - share) * 6}px)` }} />
        )}
        {preview === undefined && <span class="pulse" aria-hidden="true" />}
      </div>
      <figcaption>
        <progress max={1} value={steps === 0 ? undefined : share} aria-label={prompt} />
        <span role="status">
          {waiting}
          {isDecoding ? ` · ${make.decoding}` : ""}
        </span>
      </figcaption>
    </figure>
  );
}

function Shown(result: Result) {
  const { result: texts } = words.value;
  const [width, height] = result.size.split("x").map(Number);
  return (
    <div class="shown">
      <figure class="picture">
        <div class="frame" style={{ aspectRatio: ratioOf(result.size) }}>
          <img src={result.url} alt={texts.alt(result.prompt)} width={width} height={height} />
        </div>
        <figcaption>
          <q>{result.prompt}</q>
          <span class="tag">{texts.aiMade}</span>
        </figcaption>
      </figure>
      <Facts {...result} />
      <Actions {...result} />
    </div>
  );
}

/** As CSS wants it: "128 / 128". */
function ratioOf(size: string): string {
  return size.replace("x", " / ");
}
