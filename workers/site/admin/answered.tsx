import type { ComponentChildren } from "preact";
import { errorText } from "../view/error-text.ts";
import type { Asked } from "./use-answer.ts";
import { adminWords } from "./words.ts";

/** What an answer shows; until it is there, that it is on its way, or why it does not come. */
export function Answered<Answer>({
  asked: { answer, error },
  children,
}: {
  readonly asked: Asked<Answer>;
  readonly children: (answer: Answer) => ComponentChildren;
}) {
  if (error !== undefined) {
    return (
      <p class="fault" role="alert">
        {errorText(error)}
      </p>
    );
  }
  return answer === undefined ? <p class="help">{adminWords.value.loading}</p> : children(answer);
}
