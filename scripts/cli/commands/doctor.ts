import type { Command } from "commander";
import type { DoctorFlags } from "../../doctor/examine.ts";
import { withExamples } from "../help.ts";

/** `wuerstchen doctor`. */
export function addDoctor(program: Command): void {
  const command = program
    .command("doctor")
    .description("Check what keeps the service from working, and say how to mend it")
    .option("--model <id>", "as for `serve`")
    .option("--bundle <folder>", "as for `serve`")
    .option("--state <folder>", "as for `serve`")
    .option("--url <url>", "check this service instead of the machine: reachable, clock, key")
    .option("--key <key>", "API key for --url (else WUERSTCHEN_KEY, else the configuration file)")
    .option("--deploy", "check wrangler.toml and the deployed Worker's secrets instead of the machine", false)
    .option("--json", 'one line of JSON for each check: {"name","state","detail","fix"}', false)
    .action(async (flags: DoctorFlags) => {
      // Late, since it loads the runtime.
      const { examine } = await import("../../doctor/examine.ts");
      await examine(flags);
    })
    .addHelpText("after", "\nThe exit code is 1 if a check found a fault.");
  withExamples(command, {
    "wuerstchen doctor": "this machine, before `serve`",
    "wuerstchen doctor --url https://…": "a running service",
    "wuerstchen doctor --deploy": "a deployment",
  });
}
