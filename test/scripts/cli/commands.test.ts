import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, describe, expect, test } from "vitest";
import { readSettings } from "../../../scripts/cli/settings.ts";
import { freePort } from "../../../scripts/ports.ts";
import { type CliOutcome, runCli } from "../../support/run-cli.ts";
import { startMsMax, useTinyStack } from "../../support/tiny-stack.ts";

const folder = mkdtempSync(join(tmpdir(), "wuerstchen-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a setting", () => {
  const config = join(folder, "config.json");
  const write = (settings: unknown) => writeFileSync(config, JSON.stringify(settings), { mode: 0o600 });

  test("is taken from the flag, else the environment, else the file", () => {
    write({ url: "https://file.example", key: "of-file" });
    const environment = { WUERSTCHEN_CONFIG: config, WUERSTCHEN_KEY: "of-environment" };
    const file = "https://file.example";
    expect(readSettings({ key: "of-flag" }, environment)).toMatchObject({ url: file, key: "of-flag" });
    expect(readSettings({}, environment)).toMatchObject({ url: file, key: "of-environment" });
    expect(readSettings({}, { WUERSTCHEN_CONFIG: config })).toMatchObject({ url: file, key: "of-file" });
    expect(readSettings({}, { WUERSTCHEN_CONFIG: join(folder, "none.json") }).url).toBeUndefined();
  });

  test("is refused in a file if it is none, with the file and the name, and without a value", () => {
    write({ kay: "secret" });
    const read = () => readSettings({}, { WUERSTCHEN_CONFIG: config });
    expect(read).toThrow(/config\.json.*kay/su);
    expect(read).not.toThrow(/secret/u);
  });
});

describe("against a service", () => {
  const stack = useTinyStack();
  const run = (...args: readonly string[]) =>
    runCli(args, { WUERSTCHEN_URL: `${stack().url}/v1/`, WUERSTCHEN_KEY: stack().apiKey });
  const json = ({ stdout }: CliOutcome) =>
    stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  const at = (name: string) => join(folder, name);
  const sizeOf = async (name: string) => {
    const { format, width } = await sharp(at(name)).metadata();
    return { format, width };
  };

  /** Mean difference of the values of two pictures of 64×64, in their right halves. */
  const distanceOnTheRight = async (...names: readonly [string, string]) => {
    const half = { left: 32, top: 0, width: 32, height: 64 };
    const [a, b] = await Promise.all(names.map((name) => sharp(at(name)).extract(half).removeAlpha().raw().toBuffer()));
    if (a === undefined || a.length !== b?.length) throw new TypeError("The pictures differ in size.");
    return a.reduce((sum, value, index) => sum + Math.abs(value - (b[index] ?? 0)), 0) / a.length;
  };

  test(
    "pictures are generated, varied, edited, mixed and decoded into files, which stdout describes",
    async () => {
      const made = await run("generate", "apple", "--n", "2", "--seed", "5", "--json", "-o", at("new/a.webp"));
      const [{ pictures, cost }] = json(made);
      expect(pictures).toMatchObject([
        { file: at("new/a-1.webp"), seed: 5, tier: "generated" },
        { file: at("new/a-2.webp"), seed: 6, tier: "generated" },
      ]);
      expect(cost.micro_usd).toBeGreaterThan(0);
      const { format, width } = await sizeOf("new/a-1.webp");
      expect(format).toBe("webp");
      const [first, second] = pictures.map(({ latent_id }: { latent_id: string }) => latent_id);

      const decoded = await run("decode", first, "-o", at("decoded.webp"));
      expect(decoded.stdout).toContain("decoded.webp  seed 5  image  ");
      expect(readFileSync(at("decoded.webp")).equals(readFileSync(at("new/a-1.webp")))).toBe(true);

      expect((await run("mix", first, second, "--frames", "3", "-o", at("mix.png"))).code).toBe(0);
      expect(readdirSync(folder).filter((name) => name.startsWith("mix-"))).toHaveLength(3);

      expect((await run("vary", first, "--strength", "0.5", "-o", at("b.png"))).code).toBe(0);
      expect((await run("vary", at("b.png"), "-o", at("c.jpg"))).code).toBe(0);
      expect((await run("edit", at("b.png"), "pear", "-o", at("d.png"))).code).toBe(0);
      // What is opaque in the mask stays: here the right half.
      const opaque = { create: { width: 32, height: 64, channels: 4, background: "#000" } } as const;
      await sharp(opaque).extend({ left: 32, background: "#0000" }).png().toFile(at("mask.png"));
      const edit = ["edit", at("b.png"), "pear", "--seed", "1", "-o"];
      expect((await run(...edit, at("kept.png"), "--mask", at("mask.png"))).code).toBe(0);
      expect((await run(...edit, at("free.png"))).code).toBe(0);
      const [kept, free] = await Promise.all(["kept.png", "free.png"].map((name) => distanceOnTheRight("b.png", name)));
      expect(kept).toBeLessThan(free ?? 0);
      expect(await sizeOf("c.jpg")).toEqual({ format: "jpeg", width });
      expect(await sizeOf("d.png")).toEqual({ format: "png", width });
    },
    startMsMax,
  );

  test(
    "models, usage and keys are listed, and a key is created, rotated and revoked",
    async () => {
      expect((await run("models")).stdout).toMatch(/^id +size +steps +licence\ntiny +\d+x\d+/u);
      expect((await run("usage")).stdout).toMatch(/^Available: \$\d+\.\d{6}\n\nday +requests/u);
      const asOperator = ["--account", "development", "--admin-secret", stack().adminSecret];
      const [made] = json(await run("keys", "create", "--register", "--name", "new", "--json", ...asOperator));
      expect(made).toMatchObject({ name: "new", key: expect.stringMatching(/^we_/u) });
      const [rotated] = json(await run("keys", "rotate", made.id, "--overlap", "60", "--json", ...asOperator));
      expect((await run("keys", "revoke", rotated.id, ...asOperator)).stdout).toContain(`${rotated.id} is revoked`);
      const { stdout } = await run("keys", "list", ...asOperator);
      expect(stdout).toContain(made.id);
      expect(stdout).not.toContain(made.key);
    },
    startMsMax,
  );

  test("a folder that cannot be written is named before anything is charged", async () => {
    writeFileSync(at("file"), "");
    const { code, stderr } = await run("generate", "apple", "--seed", "77", "-o", at("file/a.png"));
    expect(code).toBe(1);
    expect(stderr).toContain("Name another file with -o.");
    expect(stderr).not.toContain("Making");
  });

  test("doctor finds nothing wrong, or a key that the service does not know", async () => {
    const examine = async (env: Readonly<Record<string, string>>) => {
      const outcome = await runCli(["doctor", "--json", "--url", stack().url], env);
      return { code: outcome.code, findings: json(outcome) };
    };
    expect(await examine({ WUERSTCHEN_API_KEY: stack().apiKey })).toMatchObject({ code: 0 });
    const { code, findings } = await examine({ WUERSTCHEN_KEY: "we_none" });
    expect(code).toBe(1);
    expect(findings.filter(({ state }: { state: string }) => state === "fault")).toMatchObject([
      { name: "API key", detail: "The service does not know the key." },
    ]);
  });

  test("doctor finds that no service is there", async () => {
    const port = await freePort(0, "PORT");
    const outcome = await runCli(["doctor", "--json", "--url", `http://127.0.0.1:${port}`, "--key", "we_none"]);
    expect(outcome.code).toBe(1);
    expect(json(outcome).map(({ name }) => name)).toEqual(["reachable", "clock", "API key"]);
    expect(json(outcome)[0].detail).toContain("ECONNREFUSED");
  });
});
