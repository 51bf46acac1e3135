import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { reportOn } from "../../../scripts/cli/failures.ts";
import { createProgram } from "../../../scripts/cli/program.ts";
import { freePort } from "../../../scripts/ports.ts";
import { runCli, startCli } from "../../support/run-cli.ts";

// The commands' exit codes, by a service on real HTTP that behaves as told.

const servers: Server[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A server that listens on a port has an address of this kind.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const key = { WUERSTCHEN_KEY: "we_some" };

function refusing(status: number, code: string) {
  return serve((_, response) => {
    response.writeHead(status, { "content-type": "application/json", "x-request-id": "r-1", "retry-after": "7" });
    response.end(JSON.stringify({ error: { message: "Because.", code, param: "size", type: "server_error" } }));
  });
}

describe("the exit code", () => {
  test.each([
    ["an unknown command", ["genrate"]],
    ["an unknown option", ["generate", "apple", "--sed", "1"]],
    ["no prompt", ["generate"]],
    ["two prompts", ["generate", "red", "apple"]],
    ["a number out of range", ["generate", "apple", "--n", "11"]],
    ["an address that is none", ["generate", "apple", "--url", "nowhere", "--key", "k"]],
    ["a service without a key", ["generate", "apple", "--url", "http://127.0.0.1:1"]],
    ["a file that does not exist", ["vary", "missing.png", "--url", "http://127.0.0.1:1", "--key", "k"]],
    ["what is no latent", ["mix", "a", "b", "--url", "http://127.0.0.1:1", "--key", "k"]],
    ["no operator's credential", ["keys", "list", "--account", "a", "--url", "http://127.0.0.1:1"]],
  ])("of %s is 2", async (_, args) => {
    vi.stubEnv("WUERSTCHEN_CONFIG", "/nowhere/config.json");
    const program = createProgram();
    for (const command of program.commands) command.configureOutput({ writeErr: () => {} });
    const error = await program
      .configureOutput({ writeErr: () => {} })
      .parseAsync(args, { from: "user" })
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
    expect(reportOn(error)).toMatchObject({ exitCode: 2 });
  });

  test("of a refusal is 3, and the message names field and request", async () => {
    const url = await refusing(400, "invalid_request");
    const { code, stderr } = await runCli(["generate", "apple", "--url", url], key);
    expect(code).toBe(3);
    expect(stderr).toContain("refused (400 invalid_request): Because.");
    expect(stderr).toContain("Field: size");
    expect(stderr).toContain("Request: r-1");
  });

  test.each([
    [429, "rate_limit_exceeded"],
    [503, "backend_unavailable"],
  ])("of a service that answers %i is 4, with the time to wait", async (status, codeName) => {
    const url = await refusing(status, codeName);
    const { code, stderr } = await runCli(["models", "--url", url], key);
    expect(code).toBe(4);
    expect(stderr).toContain("Try again in 7 s.");
  });

  test("of a service that cannot be reached is 4", async () => {
    const url = `http://127.0.0.1:${await freePort(0, "PORT")}`;
    const { code, stderr } = await runCli(["generate", "apple", "--url", url], key);
    expect(code).toBe(4);
    expect(stderr).toContain("cannot be reached: connect ECONNREFUSED");
  });

  test("of a connection that breaks off is 4, and nothing is written", async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(": step 1 of 9\n\n", () => response.destroy());
    });
    expect(await runCli(["generate", "apple", "--url", url], key)).toMatchObject({ code: 4, stdout: "" });
  });

  test.each([
    ["generate", ["generate", "apple"]],
    ["vary", ["vary", "0".repeat(64)]],
  ])("of a stream that ends before its picture is 4 for %s, and nothing is written", async (_, command) => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(": step 9 of 9\n\n");
    });
    const outcome = await runCli([...command, "--url", url, "-o", join(tmpdir(), "never-written.png")], key);
    expect(outcome).toMatchObject({ code: 4, stdout: "" });
    expect(outcome.stderr).toContain("ended after 0 of 1 pictures");
    expect(existsSync(join(tmpdir(), "never-written.png"))).toBe(false);
  });

  test("of Ctrl-C is 130, and the request ends at the service", async () => {
    let closed = () => {};
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    let begun = () => {};
    const hasBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const url = await serve((_, response) => {
      response.on("close", closed).writeHead(200, { "content-type": "text/event-stream" });
      response.write(": step 1 of 9\n\n", begun);
    });
    const { child, outcome } = startCli(["generate", "apple", "--url", url], key);
    await hasBegun;
    child.kill("SIGINT");
    await isClosed;
    expect(await outcome).toMatchObject({ code: 130, stdout: "" });
  });
});

test("every command has help with an example", () => {
  const program = createProgram();
  const commands = program.commands.filter((command) => !["completion", "complete"].includes(command.name()));
  expect(commands.length).toBeGreaterThanOrEqual(14);
  for (const command of commands.flatMap((parent) => [parent, ...parent.commands])) {
    let help = "";
    const writeOut = (text: string) => {
      help += text;
    };
    command.configureOutput({ writeOut }).outputHelp();
    expect(help).toContain("Examples:\n  wuerstchen ");
  }
});

test("`completion` prints a script for each shell, which asks this command for what fits", async () => {
  const scripts = await Promise.all(["bash", "zsh", "fish"].map((shell) => runCli(["completion", shell])));
  for (const { stdout } of scripts) expect(stdout).toContain("complete --");
  expect((await runCli(["complete", "--", "generate", "--reuse", ""])).stdout).toMatch(/^prefer/mu);
});
