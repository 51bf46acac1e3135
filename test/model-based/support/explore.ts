import fc from "fast-check";
import { expect } from "vitest";

/** Something that can happen: what it does to the model and to the real thing, which must come to the same. */
export interface Act<Model, Real, Args, Chosen = Args> {
  readonly args: fc.Arbitrary<Args>;
  /** How often it happens, of all that can: 1 without it. */
  readonly weight?: number;
  /**
   * What of all that is there the arguments mean; undefined: it cannot happen now. Without it, they mean themselves.
   */
  readonly choose?: (model: Readonly<Model>, args: Args) => Chosen | undefined;
  readonly model: (model: Model, chosen: Chosen) => unknown;
  readonly real: (real: Real, chosen: Chosen) => unknown;
}

interface Started<Model, Real> {
  readonly model: Model;
  readonly real: Real;
}

/** A core beside its reference model. */
export interface Subject<Model extends object, Real extends object> {
  /** The folder of its test. */
  readonly name: string;
  /** Each has arguments of its own type, which nobody outside it looks at: see `actsFor`. */
  readonly acts: Readonly<Record<string, Act<Model, Real, never>>>;
  readonly start: () => Started<Model, Real> | Promise<Started<Model, Real>>;
  /** What both look like from outside after every step. */
  readonly view: { readonly model: (model: Model) => unknown; readonly real: (real: Real) => unknown };
  /** Lets the real thing come to rest after a step. */
  readonly settle?: (real: Real) => Promise<unknown>;
  /** What must be true at the end of a story, and is too dear for every step. */
  readonly finish?: (real: Real) => unknown;
  /** Cleans up after a story, also after one that failed. */
  readonly close?: (real: Real) => void;
}

/** How far to look. */
export interface Reach {
  readonly stories: number;
  readonly stepsMax: number;
}

/** What was found: how many steps were taken and, if a story failed, the shortest that does. */
export interface Findings {
  readonly steps: number;
  readonly failure: { readonly story: readonly string[]; readonly report: string } | undefined;
}

/** Ten seconds or less, on a machine that does nothing else. */
export const testMsMax = 300_000;

/** Any other finds other stories; a failure prints the one that repeats it. */
const seed = Number(process.env["MODEL_SEED"] ?? 20_261_126);
const path = process.env["MODEL_PATH"];

/** Keeps the types of an act's arguments while it is written down, and hides them from then on. */
export function actsFor<Model extends object, Real extends object>() {
  // Arguments only ever come from the act's own arbitrary, and what they mean from its own choice.
  return <Args, Chosen = Args>(told: Act<Model, Real, Args, Chosen>) => told as unknown as Act<Model, Real, never>;
}

/** One of those that are there, by a number; undefined when there is none. */
export function among<Value>(values: readonly Value[], number: number): Value | undefined {
  return values[number % values.length];
}

/** Tells stories, chosen at random, to a core and its model until one fails, and makes that as short as it can be. */
export async function explore<Model extends object, Real extends object>(
  subject: Subject<Model, Real>,
  { stories, stepsMax }: Reach,
): Promise<Findings> {
  let [steps, story, failed]: [number, string[], readonly string[]] = [0, [], []];
  const commands = commandsOf(subject, (step) => {
    steps += 1;
    story.push(step);
  });
  const property = fc.asyncProperty(fc.commands(commands, { maxCommands: stepsMax, size: "max" }), async (told) => {
    story = [];
    const { model, real } = await subject.start();
    try {
      await fc.asyncModelRun(() => ({ model, real }), told);
      await subject.finish?.(real);
    } catch (error) {
      failed = story;
      throw error;
    } finally {
      subject.close?.(real);
    }
  });
  const found = await fc.check(property, { numRuns: stories, seed, ...(path !== undefined && { path }) });
  if (!found.failed) return { steps, failure: undefined };
  const first = found.counterexamplePath?.split(":", 1)[0] ?? "0";
  const repeat = `MODEL_SEED=${seed} MODEL_PATH=${first} npx vitest run --project node test/model-based/${subject.name}`;
  const cause = textOfError(found.errorInstance);
  const report = [`After ${failed.length} steps:`, ...failed, "", `Repeat it: ${repeat}`, "", cause].join("\n");
  return { steps, failure: { story: failed, report } };
}

/** A command prints as its act's name and what was chosen. */
function commandsOf<Model extends object, Real extends object>(
  { acts, view, settle }: Subject<Model, Real>,
  onStep: (step: string) => void,
): fc.Arbitrary<fc.AsyncCommand<Model, Real>>[] {
  const asGiven = (_: Readonly<Model>, given: never) => given;
  return Object.entries(acts).flatMap(([name, { args, weight = 1, choose = asGiven, model, real }]) => {
    const command = args.map((given): fc.AsyncCommand<Model, Real> => {
      return {
        check: (state) => choose(state, given) !== undefined,
        async run(state, system) {
          const chosen = choose(state, given);
          if (chosen === undefined) return;
          onStep(textOf(name, chosen));
          const answer = real(system, chosen);
          const expected = model(state, chosen);
          await settle?.(system);
          expect(await answer).toEqual(expected);
          expect(view.real(system)).toEqual(view.model(state));
        },
        toString: () => textOf(name, given),
      };
    });
    return Array.from({ length: weight }, () => command);
  });
}

function textOf(name: string, told: unknown): string {
  return `${name} ${typeof told === "string" ? told : JSON.stringify(told)}`;
}

/** What the real thing did and what the model says of it, where a comparison failed. */
function textOfError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [actual, expected] = ["actual", "expected"].map((name) =>
    JSON.stringify(Reflect.get(error, name), undefined, 1),
  );
  return [...(actual === undefined ? [] : ["Real:", actual, "Model:", expected]), error.stack].join("\n");
}
