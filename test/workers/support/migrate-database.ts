import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";

// Before every test file, so that the queue's consumer finds its table. MIGRATIONS: see vitest.config.ts.
const { USAGE, MIGRATIONS } = env as unknown as { readonly USAGE: D1Database; readonly MIGRATIONS: never };
await applyD1Migrations(USAGE, MIGRATIONS);
