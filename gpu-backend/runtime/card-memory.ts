import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What a driver that is well takes a hundredth of, without a daemon that keeps it awake. Milliseconds. */
const answerMsMax = 10_000;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Bytes that NVIDIA's driver says are free on the card that CUDA takes: the first of CUDA_VISIBLE_DEVICES, or where
 * that names none the emptiest, so that nothing is refused that would fit. Undefined where `nvidia-smi` is not there or
 * does not answer sensibly.
 */
export async function freeCardBytes(environment: Environment): Promise<number | undefined> {
  const [named = ""] = (environment["CUDA_VISIBLE_DEVICES"] ?? "").split(",");
  const card = /^(?:\d{1,3}|GPU-[\w-]{1,64}|MIG-[\w/-]{1,64})$/u.test(named.trim()) ? [`--id=${named.trim()}`] : [];
  const query = ["--query-gpu=memory.free", "--format=csv,noheader,nounits", ...card];
  const text = await answerOf(query, environment);
  const mebibytes = (text ?? "").split("\n").flatMap((line) => (/^\s*\d+\s*$/u.test(line) ? [Number(line)] : []));
  return mebibytes.length === 0 ? undefined : Math.max(...mebibytes) * 2 ** 20;
}

async function answerOf(query: readonly string[], environment: Environment): Promise<string | undefined> {
  try {
    const { stdout } = await run("nvidia-smi", [...query], { env: { ...environment }, timeout: answerMsMax });
    return stdout;
  } catch {
    // No card, no driver, or one that hangs: then a model is loaded as before, and the runtime says what it lacks.
    return undefined;
  }
}
