import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import { z } from "zod";
import { parseEnv } from "../../workers/env.ts";
import { randomSecret } from "../local-state.ts";
import { type Check, type Finding, fault, found, reasonOf, warning } from "./check.ts";

const named = (field: string) => z.array(z.looseObject({ [field]: z.string() })).default([]);

/** What is read of wrangler.toml. */
const configSchema = z.looseObject({
  kv_namespaces: z.array(z.object({ binding: z.string(), id: z.string() })).default([]),
  r2_buckets: named("binding"),
  d1_databases: z
    .array(z.looseObject({ binding: z.string(), database_id: z.string(), migrations_dir: z.string().optional() }))
    .default([]),
  durable_objects: z
    .object({ bindings: z.array(z.object({ name: z.string(), class_name: z.string() })) })
    .default({ bindings: [] }),
  migrations: z.array(z.looseObject({ new_sqlite_classes: z.array(z.string()).default([]) })).default([]),
  ratelimits: named("name"),
  queues: z
    .object({
      producers: z.array(z.object({ binding: z.string(), queue: z.string() })).default([]),
      consumers: z.array(z.looseObject({ queue: z.string(), dead_letter_queue: z.string().optional() })).default([]),
    })
    .default({ producers: [], consumers: [] }),
  observability: z.looseObject({ enabled: z.boolean() }).optional(),
  triggers: z.object({ crons: z.array(z.string()) }).default({ crons: [] }),
  assets: z.looseObject({ directory: z.string() }).optional(),
  ai: z.object({ binding: z.string() }).optional(),
  vars: z.record(z.string(), z.unknown()).default({}),
});

type Config = z.infer<typeof configSchema>;

/** A deployment as its files say. */
export interface Deployment {
  readonly root: string;
  /** The text of wrangler.toml. */
  readonly config: string;
  /** Names of the deployed Worker's secrets; undefined where the platform cannot be asked. */
  readonly secretNames: () => Promise<readonly string[] | undefined>;
}

const requiredSecrets = ["LATENT_KEY_SECRET", "GPU_BACKEND_SECRET", "IMAGE_URL_SECRET", "ADMIN_SECRET"] as const;

/**
 * Whether wrangler.toml names all that the Worker needs: bindings, ids, object classes, migrations, queues, logs, cron,
 * secrets.
 */
export function deployChecks(deployment: Deployment): readonly Check[] {
  const read = readConfig(deployment.config);
  if (typeof read === "string") {
    return [{ name: "wrangler.toml", run: () => fault(read, "Correct the file; the repository's own is valid.") }];
  }
  return [
    { name: "bindings and variables", run: () => checkEnvironment(read) },
    { name: "resource ids", run: () => checkIds(read) },
    { name: "object classes", run: () => checkClasses(read) },
    { name: "database migrations", run: () => checkMigrations(deployment, read) },
    { name: "queues", run: () => checkQueues(read) },
    { name: "observability", run: () => checkLogs(read) },
    { name: "reconciliation", run: () => checkCron(read) },
    { name: "pages", run: () => checkPages(read) },
    { name: "secrets", run: () => checkSecrets(deployment) },
  ];
}

/** The configuration, or why the text is none. */
function readConfig(text: string): Config | string {
  try {
    const parsed = configSchema.safeParse(parse(text));
    if (parsed.success) return parsed.data;
    return parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
  } catch (error) {
    return reasonOf(error);
  }
}

/** The Worker's own check of its environment, with stand-ins for what only the platform can bind. */
function checkEnvironment(config: Config): Finding {
  const names = [
    ...config.kv_namespaces.map(({ binding }) => binding),
    ...config.r2_buckets.map(({ binding }) => String(binding)),
    ...config.d1_databases.map(({ binding }) => binding),
    ...config.durable_objects.bindings.map(({ name }) => name),
    ...config.ratelimits.map(({ name }) => String(name)),
    ...config.queues.producers.map(({ binding }) => binding),
    ...(config.ai ? [config.ai.binding] : []),
  ];
  const bindings = Object.fromEntries(names.map((name) => [name, {}]));
  const secrets = Object.fromEntries(requiredSecrets.map((name) => [name, randomSecret()]));
  try {
    parseEnv({ ...secrets, ...bindings, ...config.vars });
  } catch (error) {
    return fault(reasonOf(error), "Add or correct them in wrangler.toml; docs/deploy.md, step 3.");
  }
  const url = String(config.vars["GPU_BACKEND_URL"]);
  const isLocal = ["127.0.0.1", "localhost", "[::1]"].includes(new URL(url).hostname);
  if (!isLocal || config.vars["GPU_BACKENDS"] !== undefined) return found(`${names.length} bindings`);
  return warning(
    `GPU_BACKEND_URL is ${url}, which no deployed Worker reaches.`,
    "Set it to the backend's address, or set the secret GPU_BACKENDS.",
  );
}

function checkIds({ kv_namespaces, d1_databases }: Config): Finding {
  const ids = [
    ...kv_namespaces.map(({ binding, id }) => ({ binding, id })),
    ...d1_databases.map(({ binding, database_id: id }) => ({ binding, id })),
  ];
  const blank = ids.filter(({ id }) => /^[0-]*$/u.test(id)).map(({ binding }) => binding);
  if (blank.length === 0) return found(`${ids.length} ids`);
  return fault(
    `${blank.join(" and ")} still ${blank.length === 1 ? "has" : "have"} a placeholder for an id.`,
    "Create them (docs/deploy.md, step 3) and copy the ids into wrangler.toml.",
  );
}

function checkClasses({ durable_objects, migrations }: Config): Finding {
  const made = new Set(migrations.flatMap(({ new_sqlite_classes }) => new_sqlite_classes));
  const missing = durable_objects.bindings.map(({ class_name }) => class_name).filter((name) => !made.has(name));
  if (missing.length === 0) return found(`${made.size} classes with storage`);
  return fault(
    `No migration makes ${missing.join(", ")}.`,
    "Add a [[migrations]] entry with a new tag and the class in new_sqlite_classes.",
  );
}

function checkMigrations({ root }: Deployment, { d1_databases }: Config): Finding {
  const folders = d1_databases.map(({ migrations_dir = "migrations" }) => join(root, migrations_dir));
  const files = folders
    .filter(existsSync)
    .flatMap((folder) => readdirSync(folder).filter((name) => name.endsWith(".sql")));
  if (files.length > 0) return found(`${files.length} files; apply them with \`wrangler d1 migrations apply\``);
  return fault("The database has no migrations.", 'Set migrations_dir = "migrations" in [[d1_databases]].');
}

function checkQueues({ queues: { producers, consumers } }: Config): Finding {
  for (const { queue } of producers) {
    const consumer = consumers.find((other) => other.queue === queue);
    if (consumer === undefined) return fault(`Nothing consumes ${queue}.`, `Add [[queues.consumers]] for ${queue}.`);
    if (consumer.dead_letter_queue !== undefined) continue;
    return fault(
      `What ${queue} cannot deliver is lost.`,
      "Set dead_letter_queue in its [[queues.consumers]], and create that queue.",
    );
  }
  return found(producers.map(({ queue }) => queue).join(", "));
}

function checkLogs({ observability }: Config): Finding {
  if (observability?.enabled === true) return found("the Worker's logs are stored");
  return fault("The Worker's logs are not stored.", "Add [observability] with enabled = true; docs/operations.md.");
}

function checkCron({ triggers: { crons } }: Config): Finding {
  if (crons.length > 0) return found(crons.join(", "));
  return fault("Ledgers and usage are never compared.", 'Add [triggers] with crons = ["17 * * * *", "*/5 * * * *"].');
}

function checkPages({ assets }: Config): Finding {
  if (assets !== undefined) return found(assets.directory);
  return fault(
    "No pages are deployed: `/` and `/docs` answer 404.",
    "Add [assets] as in the repository's wrangler.toml.",
  );
}

async function checkSecrets({ secretNames }: Deployment): Promise<Finding> {
  const names = await secretNames();
  if (names === undefined) {
    return warning(
      "The platform could not be asked for the secrets' names.",
      "Run `npx wrangler login`, then this again.",
    );
  }
  const missing = requiredSecrets.filter((name) => !names.includes(name));
  if (missing.length === 0) return found(requiredSecrets.join(", "));
  return fault(`${missing.join(", ")} not set.`, `Run \`npx wrangler secret put ${missing[0]}\` for each.`);
}
