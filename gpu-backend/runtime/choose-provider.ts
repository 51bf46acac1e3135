import { fork } from "node:child_process";
import { once } from "node:events";
import { extname, join } from "node:path";
import { z } from "zod";
import { type ExecutionProvider, executionProviders } from "./execution.ts";

const trialOrderSchema = z.object({ directory: z.string(), intraOpThreads: z.int().min(1) });

const trialSchema = z.object({
  provider: z.enum(executionProviders),
  /** Of Stage A for one picture. */
  milliseconds: z.number().optional(),
  /** Why it cannot run. */
  reason: z.string().optional(),
});

/** What is tried: which bundle, and with how many threads on the processor. */
export type TrialOrder = z.infer<typeof trialOrderSchema>;

/** What came of trying one provider: milliseconds, or why not. */
export type Trial = z.infer<typeof trialSchema>;

/** A provider and why it was chosen. */
export interface Choice {
  readonly provider: ExecutionProvider;
  readonly trials: readonly Trial[];
}

/** Reads the one message of the trying process; undefined when it is none of ours. */
export function parseTrialOrder(message: unknown): TrialOrder | undefined {
  return trialOrderSchema.safeParse(message).data;
}

/**
 * Lets every provider that is there decode one picture, in a process of its own, and picks the fastest: a card's driver
 * may be a program that only imitates a card. What is not done after `msMax` counts as absent; the processor never is.
 */
export async function chooseProvider(
  order: TrialOrder,
  environment: Readonly<Record<string, string | undefined>>,
  msMax: number,
): Promise<Choice> {
  const child = fork(join(import.meta.dirname, `provider-trial-main${extname(import.meta.filename)}`), [], {
    env: { ...environment },
    execArgv: [],
    // A missing driver is told by its library in its own words; ours are in the trial.
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const trials: Trial[] = [];
  child.on("message", (raw) => {
    const trial = trialSchema.safeParse(raw).data;
    if (trial !== undefined) trials.push(trial);
  });
  const overdue = setTimeout(() => child.kill("SIGKILL"), msMax);
  child.send(order, () => undefined);
  await once(child, "exit");
  clearTimeout(overdue);
  return { provider: fastest(trials), trials };
}

/** The provider of the trial that took least; the processor when none gave a figure. */
export function fastest(trials: readonly Trial[]): ExecutionProvider {
  const [best] = trials
    .filter(({ milliseconds }) => milliseconds !== undefined)
    .toSorted((a, b) => (a.milliseconds ?? 0) - (b.milliseconds ?? 0));
  return best?.provider ?? "cpu";
}
