import type { Context, Handler } from "hono";
import type { WebhookSecretResponse } from "../../shared/api/webhook-secret.ts";
import { AppError } from "../../shared/errors.ts";
import type { Jobs } from "../jobs/client.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import type { WebhookSecret } from "../webhooks/webhook-secrets.ts";

/** `GET /v1/webhooks/secret`: what the account's webhooks are signed with; made at the first look. */
export function getWebhookSecret(jobs: Jobs): Handler<AppEnv> {
  return async (c) => answer(c, await jobs.listOf(c.get("account")).webhookSecrets());
}

/** `POST /v1/webhooks/secret/rotate`: a new one. For a day webhooks are signed with the one before as well. */
export function rotateWebhookSecret(jobs: Jobs): Handler<AppEnv> {
  return async (c) => answer(c, await jobs.listOf(c.get("account")).rotateWebhookSecret());
}

function answer(c: Context<AppEnv>, [newest, before]: readonly WebhookSecret[]): Response {
  if (newest === undefined) throw new AppError("There is always a secret.");
  const body: WebhookSecretResponse = {
    object: "webhook_secret",
    secret: newest.secret,
    created: Math.floor(newest.createdMs / 1_000),
    previous_expires: before?.expiresMs === undefined ? null : Math.floor(before.expiresMs / 1_000),
  };
  return c.json(body, 200, { "cache-control": "no-store" });
}
