import { expect, test } from "vitest";
import { createJobQueue } from "../../../gpu-backend/scheduling/job-queue.ts";

/** A promise and the function that settles it. */
function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

test("jobs run one at a time, in the order in which they came", async () => {
  const queue = createJobQueue(10);
  const events: string[] = [];
  const job = (name: string) => async () => {
    events.push(`${name} starts`);
    await Promise.resolve();
    events.push(`${name} ends`);
  };
  await Promise.all([queue.run(job("a")), queue.run(job("b")), queue.run(job("c"))]);
  expect(events).toEqual(["a starts", "a ends", "b starts", "b ends", "c starts", "c ends"]);
});

test("a job that throws gives its place on, and its caller hears of it", async () => {
  const queue = createJobQueue(1);
  const failing = queue.run(() => Promise.reject(new Error("broken")));
  const next = queue.run(async () => "done");
  await expect(failing).rejects.toThrow("broken");
  expect(await next).toEqual({ ok: true, value: "done" });
  expect(queue.depth()).toBe(0);
});

test("a job that throws before it waits for anything gives its place on too", async () => {
  const queue = createJobQueue(1);
  const failing = queue.run(() => {
    throw new Error("broken");
  });
  await expect(failing).rejects.toThrow("broken");
  expect(await queue.run(async () => 1)).toEqual({ ok: true, value: 1 });
});

test("a full queue refuses at once, and takes jobs again when there is room", async () => {
  const queue = createJobQueue(1);
  const { passed, open } = gate();
  const running = queue.run(() => passed);
  const waiting = queue.run(async () => "waited");
  expect(queue.depth()).toBe(2);
  expect(await queue.run(async () => "never")).toEqual({ ok: false, error: "full" });
  open();
  await Promise.all([running, waiting]);
  expect(await queue.run(async () => "again")).toEqual({ ok: true, value: "again" });
});

test("a queue without room for waiting still runs one job", async () => {
  expect(await createJobQueue(0).run(async () => 1)).toEqual({ ok: true, value: 1 });
});
