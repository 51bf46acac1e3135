import { expect, test } from "vitest";
import { type Outcome, runTogether } from "../../scripts/run-together.ts";

const node = JSON.stringify(process.execPath);

async function outcomesOf(...commands: string[]): Promise<{ passed: boolean; outcomes: Outcome[] }> {
  const outcomes: Outcome[] = [];
  return { passed: await runTogether(commands, (outcome) => outcomes.push(outcome)), outcomes };
}

test("commands pass together if each of them passes", async () => {
  expect((await outcomesOf(`${node} -e 0`, `${node} -e 1`)).passed).toBe(true);
});

test("one that fails fails all, the others run to their end, and each keeps what it wrote", async () => {
  const { passed, outcomes } = await outcomesOf(
    `${node} -e "console.error('broken'); process.exit(3)"`,
    `${node} -e "console.log('whole')"`,
  );
  expect(passed).toBe(false);
  const broken = outcomes.find((outcome) => !outcome.passed);
  const whole = outcomes.find((outcome) => outcome.passed);
  expect(broken?.output.trim()).toBe("broken");
  expect(whole?.output.trim()).toBe("whole");
});

test("a command that does not exist, or that a signal ends, has not passed", async () => {
  expect((await outcomesOf("no-such-command-anywhere")).passed).toBe(false);
  expect((await outcomesOf(`${node} -e "process.kill(process.pid, 'SIGKILL')"`)).passed).toBe(false);
});
