import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { DetailedJob, WebhookAttemptAnswer } from "../../../shared/api/job.ts";
import { errorText } from "../view/error-text.ts";
import { followJobs, jobs, redeliver } from "./account-data.ts";
import { timeText } from "./time-text.ts";
import { accountWords } from "./words.ts";

/** The newest jobs, with progress while they run, and what became of their webhooks. */
export function JobsPanel() {
  const { jobs: texts } = accountWords.value;
  const known = jobs.value;
  useEffect(followJobs, []);
  return (
    <section class="card" aria-labelledby="jobs-title">
      <h2 id="jobs-title">{texts.title}</h2>
      {known !== undefined && "error" in known && <p class="fault">{errorText(known.error)}</p>}
      {known !== undefined && "value" in known && known.value.length === 0 && <p>{texts.none}</p>}
      <ul class="jobs">
        {known !== undefined && "value" in known && known.value.map((job) => <Job key={job.id} {...job} />)}
      </ul>
    </section>
  );
}

function Job(job: DetailedJob) {
  const { jobs: texts } = accountWords.value;
  const { id, state, progress, created, ended } = job;
  const done = progress.succeeded + progress.failed + progress.cancelled;
  return (
    <li>
      <h3>
        {id} <span class="tag">{texts.states[state]}</span>
      </h3>
      <p class="help">
        {timeText(created)} · {texts.progress(done, progress.requests)}
      </p>
      {ended === null && (
        <progress max={progress.requests} value={done} aria-label={texts.progress(done, progress.requests)} />
      )}
      {job.webhook_url !== null && <Deliveries {...job} />}
    </li>
  );
}

function Deliveries({ id, ended, webhook_attempts: attempts }: DetailedJob) {
  const { jobs: texts } = accountWords.value;
  const fault = useSignal<unknown>(undefined);
  const isSending = useSignal(false);

  async function sendAgain(): Promise<void> {
    isSending.value = true;
    fault.value = undefined;
    await redeliver(id).catch((error: unknown) => {
      fault.value = error;
    });
    isSending.value = false;
  }

  return (
    <div class="deliveries">
      <h4>{texts.webhook}</h4>
      {attempts.length === 0 && <p class="help">{texts.noAttempts}</p>}
      <ol>
        {attempts.map((attempt, index) => (
          <li key={index}>{attemptText(attempt)}</li>
        ))}
      </ol>
      {fault.value !== undefined && (
        <p class="fault" role="alert">
          {errorText(fault.value)}
        </p>
      )}
      {ended !== null && (
        <button
          type="button"
          aria-label={texts.redeliverOf(id)}
          disabled={isSending.value}
          onClick={() => void sendAgain()}
        >
          {texts.redeliver}
        </button>
      )}
    </div>
  );
}

function attemptText({ at, outcome, status, failure, next, redelivery }: WebhookAttemptAnswer): string {
  const { jobs: texts } = accountWords.value;
  const facts = [
    timeText(at),
    texts.outcomes[outcome],
    status === null ? undefined : `HTTP ${status}`,
    failure === null ? undefined : texts.failures[failure],
    next === null ? undefined : texts.next(timeText(next)),
    redelivery ? texts.again : undefined,
  ];
  return facts.filter((fact) => fact !== undefined).join(" · ");
}
