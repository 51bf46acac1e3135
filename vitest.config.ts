import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { bundleFolder } from "./scripts/bundle-folder.ts";
import { buildSite } from "./scripts/site.ts";

/** On a machine that is busy with other work, tests take some ten times as long as alone. */
const testTimeout = 60_000;

// wrangler.toml names the static files, and its reader wants them to be there.
const root = import.meta.dirname;
await buildSite({ root, bundle: bundleFolder(root, {}, {}), folder: join(root, "dist/site") });

// Each test file of the Worker and the backend starts processes, which load the same large modules: Node compiles them
// once.
process.env["NODE_COMPILE_CACHE"] ??= join(root, "node_modules/.cache/compiled");

const secretsForTests = {
  LATENT_KEY_SECRET: "latent-key-secret-for-tests-only",
  GPU_BACKEND_SECRET: "gpu-backend-secret-for-tests-only",
  IMAGE_URL_SECRET: "image-url-secret-for-tests-only!",
  STRIPE_WEBHOOK_SECRET: "whsec_for_tests_only",
  ADMIN_SECRET: "admin-secret-for-tests-only-32-or-more",
};

const bindings = { ...secretsForTests, MIGRATIONS: await readD1Migrations("./migrations") };

/**
 * Tests that store something, by their text: each file has a Worker and storage of its own, which costs a second to
 * start.
 */
const needsStorage = /cloudflare:|support\/(?:test-edge|account-book)/u;
const inWorkerd = globSync("test/{workers,shared}/**/*.test.ts", { cwd: root });
const storing = inWorkerd.filter((file) => needsStorage.test(readFileSync(join(root, file), "utf8")));

/**
 * Each file reads its modules anew, one message a module. So each library is one module here: Stripe's has hundreds.
 * All parts of a library stand here, or it is there twice.
 */
const bundled = {
  enabled: true,
  include: ["stripe", "zod", "hono", "hono/route", "fast-check", "@huggingface/tokenizers"],
};

/** Tests in workerd, on a small bundle with random weights, so that they need no trained one. */
const workerd = {
  plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.toml" }, miniflare: { bindings } })],
  resolve: { alias: { "#bundle": fileURLToPath(new URL("test/support/models/tiny", import.meta.url)) } },
};

export default defineConfig({
  test: {
    // By default one processor stays idle, on a machine of two the half of it.
    maxWorkers: "100%",
    reporters: ["default", "./test/support/plain-summary-reporter.ts", "./test/support/standstill-reporter.ts"],
    projects: [
      {
        ...workerd,
        test: {
          name: "workerd",
          deps: { optimizer: { ssr: bundled } },
          testTimeout,
          hookTimeout: testTimeout,
          include: storing,
          setupFiles: ["./test/workers/support/migrate-database.ts"],
        },
      },
      {
        ...workerd,
        test: {
          name: "workerd-pure",
          testTimeout,
          hookTimeout: testTimeout,
          include: inWorkerd.filter((file) => !storing.includes(file)),
          isolate: false,
        },
      },
      {
        test: {
          name: "node",
          testTimeout,
          hookTimeout: testTimeout,
          environment: "node",
          include: [
            "test/{gpu-backend,shared,scripts,contract,e2e,browser,site,model-based}/**/*.test.ts",
            "test/*.test.ts",
          ],
        },
      },
    ],
  },
});
