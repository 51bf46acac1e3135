import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { CommandError, runCommand } from "./command-line.ts";
import { cudaFault, cudaVersions, supportedCuda } from "./cuda-libraries.ts";

// `npm run cuda:install`: fetches ONNX Runtime's CUDA provider, unless this machine could not use it.

await runCommand(async () => {
  const versions = await cudaVersions(process.env);
  const fault = cudaFault(`${process.platform}-${process.arch}`, versions);
  if (fault !== undefined) throw new CommandError(fault);
  const script = createRequire(import.meta.url).resolve("onnxruntime-node/script/install");
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: `cuda${supportedCuda}` };
  const { status } = spawnSync(process.execPath, [script], { env, stdio: "inherit" });
  if (status !== 0) throw new CommandError("ONNX Runtime's CUDA provider could not be fetched.");
  if (versions.length > 0) return;
  console.log(`No library of CUDA was found here: PROVIDER=cuda needs those of CUDA ${supportedCuda} and cuDNN 9.`);
});
