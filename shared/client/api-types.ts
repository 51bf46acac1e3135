// Generated from the API document by `npm run client:types`.

export interface paths {
    "/hf/models/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make one picture by Hugging Face's text-to-image task */
        post: operations["textToImage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/account/data": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Erase latents and jobs of the account, and what its charges were for
         * @description The key needs the scopes `read`, `latents` and `jobs`. Unfinished jobs are stopped. Amounts stay, since books must show them. What is on its way to the usage table meanwhile is erased by the next call.
         */
        delete: operations["eraseAccount"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/account/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get all that the service stores of the account, as a stream of lines
         * @description The key needs the scopes `read`, `latents` and `jobs`. No prompt, key or secret is part of it: none is stored. A stream without `export.end` was cut.
         */
        get: operations["exportAccount"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/accounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List accounts by id */
        get: operations["listAccounts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/accounts/{account}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get an account */
        get: operations["getAccount"];
        /** Open an account, or change its settings */
        put: operations["putAccount"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/accounts/{account}/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the changes and who made them, oldest first */
        get: operations["getAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/accounts/{account}/grants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Add credit, once for each grant id */
        post: operations["grantCredit"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/accounts/{account}/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List all keys, also revoked ones */
        get: operations["listKeys"];
        put?: never;
        /** Create a key */
        post: operations["createKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/accounts/{account}/keys/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revoke a key */
        delete: operations["revokeKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/accounts/{account}/keys/{key}/rotations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Rotate a key; the old one expires after the overlap */
        post: operations["rotateKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/accounts/{account}/ledger": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the state of an account's ledger */
        get: operations["getLedger"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/audit/accounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the changes of all accounts and who made them, newest first
         * @description A change appears some seconds after it was made.
         */
        get: operations["listAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/audit/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List what was done to the models and who did it, oldest first */
        get: operations["getModelAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/backends": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Ask every backend for its state and queue now */
        get: operations["listBackends"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/ledgers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the state of each account's ledger, by account id */
        get: operations["listLedgers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List every revision of every model */
        get: operations["listOfferedModels"];
        /**
         * Add a model that a backend holds
         * @description Requests may name it from this answer on; at other locations, within ten seconds. Of an id that has several revisions, the id alone means the one that was added last. A model whose report misses a threshold is refused, unless `force` is true; the audit log says who forced it.
         */
        put: operations["putModel"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/models/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Take a model back: it cannot be named any more, and its latents are still decoded */
        delete: operations["deleteModel"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/models/{name}/promote": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let an id alone mean the revision that is being rolled out
         * @description Of the id that the service was built with, the revision takes all unseeded requests from then on; seeded ones get it when its bundle is deployed.
         */
        post: operations["postPromotion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/models/{name}/roll-out": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give a revision a share of the unseeded requests that name its id alone
         * @description Which of them is decided by account and prompt, so that an account's prompt always goes the same way, and a growing share only moves more. A request with a seed, with a start, or that names a revision never moves, nor one that would become dearer. With a rule the service promotes the revision or takes it back by itself.
         */
        post: operations["postRollOut"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/reconciliations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Compare ledgers, usage table and meter now, and repair what is missing */
        post: operations["postReconciliation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/spend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the accounts and keys that were charged most in the last days */
        get: operations["getSpend"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/traffic": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get requests, tiers, durations and failures of the last days
         * @description Counted from reports that leave with each answer: a report may be lost, and is never counted twice. Percentiles leave out the requests of jobs, for which no client waits.
         */
        get: operations["getTraffic"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/balance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the account's credit */
        get: operations["getBalance"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the state of edge and backend */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/images/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a picture by its signed link
         * @description Links come from answers with `response_format: url`. A picture that the edge dropped is decoded again.
         */
        get: operations["getImage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/images/edits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make pictures from a picture and a prompt
         * @description `strength` sets how much is made anew, a `mask` where. JSON accepts the files in base64. With `stream: true` the answer is events: `image_edit.partial_image`, `image_edit.completed` for each picture, or `error`.
         */
        post: operations["editImage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/images/generations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make pictures of a prompt
         * @description With `Accept: image/png` (or webp, jpeg) and `n: 1`, the answer is the picture itself. With `stream: true` it is events: `image_generation.partial_image`, `image_generation.completed` for each picture, or `error`.
         */
        post: operations["createImage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/images/variations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make variations of a picture
         * @description With or without a prompt. JSON accepts the files in base64. With `stream: true` the answer is events: `image_edit.partial_image`, `image_edit.completed` for each picture, or `error`.
         */
        post: operations["varyImage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the account's jobs, newest first */
        get: operations["listJobs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a job and a page of its results
         * @description With `Accept: text/event-stream`, its events instead.
         */
        get: operations["getJob"];
        /**
         * Create a job of up to 10,000 requests
         * @description The same body again returns the same job. The most that it can cost is held until it ends.
         */
        put: operations["putJob"];
        post?: never;
        /** Delete a job that has ended */
        delete: operations["deleteJob"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancel a job */
        post: operations["cancelJob"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Stream a job's progress */
        get: operations["getJobEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/jobs/{id}/webhook/redeliver": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send the webhook of a job's end again
         * @description Sends the same message once, with the same `webhook-id`, and answers what became of it. It is listed under the job's `webhook_attempts`. An account may ask for 30 a minute.
         */
        post: operations["redeliverWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the keys of the account, with what each may do */
        get: operations["listOwnKeys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/latents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the latents that the account keeps, newest first
         * @description The service stores no prompt, so the list holds none.
         */
        get: operations["listLatents"];
        /** Store a latent file of your own */
        put: operations["putLatent"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/latents/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a latent as safetensors, for the account that made it */
        get: operations["getLatent"];
        put?: never;
        post?: never;
        /** Delete a latent */
        delete: operations["deleteLatent"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/latents/{id}/decode": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Decode a latent, for the price of a hit and a decode */
        post: operations["decodeLatent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/latents/{id}/interpolate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make pictures between two latents */
        post: operations["interpolateLatents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/latents/{id}/variations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make variations of a latent's picture, with or without a prompt */
        post: operations["varyLatent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the models with their sizes, ranges and defaults */
        get: operations["listModels"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a model */
        get: operations["getModel"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/quotes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Get the most that a request can cost, without running it
         * @description The body is a generation's, or, with `endpoint`, that of an edit or a variation without its files. An edit's `strength` decides how many steps run.
         */
        post: operations["createQuote"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/receipts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List every credit of the account, and what was taken back, newest first */
        get: operations["listReceipts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/stripe/webhook": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Receive Stripe's events of payments, refunds and disputes
         * @description Signed by Stripe; only Stripe calls it. 404 if payments by Stripe are not set up.
         */
        post: operations["stripeWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/topups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Open a payment for credit at Stripe Checkout
         * @description The credit is the key's account's, and comes with Stripe's event. 404 where the service takes no payments by Stripe.
         */
        post: operations["createTopup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the charges of the account by UTC day, key, kind of work and tier, newest first
         * @description A page has days. Grouped by key, it has 100 days at most.
         */
        get: operations["getUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Check whether a picture came from here
         * @description The body is the file. Any byte that was changed makes it `altered`; whoever takes its metadata away makes it `unmarked`. Then the mark in its pixels is looked for, which some models draw. Free of charge, and nothing is kept.
         */
        post: operations["verifyPicture"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the secret that signs webhooks */
        get: operations["getWebhookSecret"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/secret/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Replace the secret */
        post: operations["rotateWebhookSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Account: {
            /** @description Requests in flight at once; null: the service's default. */
            concurrency_max: number | null;
            created: string | null;
            /** @description What requests of its keys mean where neither they nor their key say anything. */
            defaults: {
                /** @enum {string} */
                output_format?: "png" | "jpeg" | "webp";
                /** @enum {string} */
                response_format?: "url" | "b64_json";
                /**
                 * @description fresh: every unseeded request makes new pictures.
                 * @enum {string}
                 */
                reuse?: "prefer" | "fresh";
                size?: string;
            } | null;
            id: string;
            /** @description Beyond it the least valuable latents are evicted; null: the default. */
            latent_bytes_max: number | null;
            /** @description Latents per prompt in rotation; null: the default. */
            latents_per_prompt: number | null;
            name: string;
            /** @constant */
            object: "account";
            stripe_customer: string | null;
            suspended: boolean;
        };
        AccountAuditEntry: {
            /** @description Whose log has the entry. */
            account: string;
            action: string;
            actor: string;
            at: string | null;
            details: unknown;
            id: number;
            /** @constant */
            object: "audit_entry";
            request_id: string;
            subject: string;
        };
        AccountAuditList: {
            data: components["schemas"]["AccountAuditEntry"][];
            has_more: boolean;
            /** @description The query's `cursor` of the next page; null: this is the last one. */
            next_cursor: string | null;
            /** @constant */
            object: "list";
        };
        AccountList: {
            data: components["schemas"]["ListedAccount"][];
            has_more: boolean;
            /** @constant */
            object: "list";
        };
        AccountRequest: {
            concurrency_max?: number | null;
            defaults?: {
                /** @enum {string} */
                output_format?: "png" | "jpeg" | "webp";
                /** @enum {string} */
                response_format?: "url" | "b64_json";
                /**
                 * @description fresh: every unseeded request makes new pictures.
                 * @enum {string}
                 */
                reuse?: "prefer" | "fresh";
                size?: string;
            } | null;
            latent_bytes_max?: number | null;
            latents_per_prompt?: number | null;
            name?: string;
            stripe_customer?: string | null;
            suspended?: boolean;
        };
        AddModelRequest: {
            /**
             * @description Offers a model although its report misses a threshold.
             * @default false
             */
            force?: boolean;
            /** @description The bundle's kpi.json. If its verdict is that a threshold is missed, the model is refused. */
            kpi?: {
                [key: string]: unknown;
            };
            /** @description The bundle's model.json. */
            manifest: {
                [key: string]: unknown;
            };
            /**
             * @description How many times the price book's price generation, decoding and encoding cost.
             * @default 1
             */
            price_factor?: number;
            /** @description It takes this share, and the id alone goes on to mean the revision before. Absent: it means this one. */
            roll_out?: {
                /** @description The kpi.json of the revision before, where the service has none, as of the one it was built with. */
                base_kpi?: {
                    [key: string]: unknown;
                };
                /** @description Null: the operator alone decides. Absent: as before; of a new roll-out, null. */
                rule?: {
                    /**
                     * @description Points by which groups may differ more, by both reports; null: it is not compared.
                     * @default 5
                     */
                    bias_rise_max?: number | null;
                    /**
                     * @description Points by which more of them may fail.
                     * @default 1
                     */
                    failure_points_max?: number;
                    /**
                     * @description How many times as long they may take.
                     * @default 1.5
                     */
                    p95_ratio_max?: number;
                    /**
                     * @description Points by which the judge may recognise less, by both reports; null: it is not compared.
                     * @default 5
                     */
                    recognition_drop_max?: number | null;
                    /**
                     * @description Requests with a new picture, or failed by the model, before it may be promoted.
                     * @default 100
                     */
                    requests_min?: number;
                } | null;
                /** @description Of the unseeded requests that name the id alone, in per cent. */
                share: number;
            };
            /** @description The text of the bundle's tokenizer.json, byte for byte. */
            tokenizer: string;
        };
        AuditEntry: {
            action: string;
            actor: string;
            at: string | null;
            details: unknown;
            id: number;
            /** @constant */
            object: "audit_entry";
            request_id: string;
            subject: string;
        };
        AuditEntryList: {
            data: components["schemas"]["AuditEntry"][];
            has_more: boolean;
            /** @constant */
            object: "list";
        };
        Backend: {
            /** @description Milliseconds of accepted work. */
            backlog_ms: number | null;
            host: string;
            /** @description Those that it holds; warm: it is loaded. Empty if it did not answer, or is of 0.1. */
            models: {
                id: string;
                revision: string;
                warm: boolean;
            }[];
            /** @constant */
            object: "backend";
            region: string | null;
            /** @description Of its default model; null if it did not answer. */
            revision: string | null;
            standby: boolean;
            /**
             * @description other_model: the backend does not hold the edge's default model in its revision.
             * @enum {string}
             */
            status: "ready" | "starting" | "unreachable" | "other_model";
            tasks_running: number | null;
            tasks_waiting: number | null;
        };
        BackendList: {
            data: components["schemas"]["Backend"][];
            has_more: boolean;
            /** @constant */
            object: "list";
        };
        Balance: {
            /** @description Credit for new requests, in micro-USD. */
            available_micro_usd: number;
            /** @constant */
            currency: "usd";
            /** @description Held for requests in flight, in micro-USD. */
            held_micro_usd: number;
            /** @constant */
            object: "balance";
            /** @description Charged so far, in micro-USD. */
            spent_micro_usd: number;
            /** @description What `POST /v1/topups` accepts, in US cents; null: this service takes no payments by Stripe. */
            topup_usd_cents: {
                max: number;
                min: number;
            } | null;
        };
        CompletedImageEditEvent: {
            /** @description Seconds since its latent was made; 0 if this request made it. */
            age_seconds: number;
            /** Format: base64 */
            b64_json: string;
            /** @enum {string} */
            background: "opaque" | "transparent";
            /** @description Unix seconds. */
            created_at: number;
            latent_id: string;
            /** @enum {string} */
            output_format: "png" | "jpeg" | "webp";
            /** @constant */
            quality: "auto";
            /** @description The same request with this seed returns this picture, unless it is `similar`. */
            seed: number;
            /**
             * @description The picture of a near prompt of this account; only with `reuse: similar`.
             * @enum {boolean}
             */
            similar?: true;
            size: string;
            tier: components["schemas"]["Tier"];
            /** @constant */
            type: "image_edit.completed";
            usage: components["schemas"]["Usage"];
            warnings: string[];
        };
        CompletedImageEvent: {
            /** @description Seconds since its latent was made; 0 if this request made it. */
            age_seconds: number;
            /** Format: base64 */
            b64_json: string;
            /** @enum {string} */
            background: "opaque" | "transparent";
            /** @description Unix seconds. */
            created_at: number;
            latent_id: string;
            /** @enum {string} */
            output_format: "png" | "jpeg" | "webp";
            /** @constant */
            quality: "auto";
            /** @description The same request with this seed returns this picture, unless it is `similar`. */
            seed: number;
            /**
             * @description The picture of a near prompt of this account; only with `reuse: similar`.
             * @enum {boolean}
             */
            similar?: true;
            size: string;
            tier: components["schemas"]["Tier"];
            /** @constant */
            type: "image_generation.completed";
            usage: components["schemas"]["Usage"];
            warnings: string[];
        };
        CreatedKey: {
            budget_micro_usd_per_day: number | null;
            created: string | null;
            /** @description What its requests mean where they say nothing. */
            defaults: {
                /** @enum {string} */
                output_format?: "png" | "jpeg" | "webp";
                /** @enum {string} */
                response_format?: "url" | "b64_json";
                /**
                 * @description fresh: every unseeded request makes new pictures.
                 * @enum {string}
                 */
                reuse?: "prefer" | "fresh";
                size?: string;
            } | null;
            expires_at: string | null;
            id: string;
            /** @description The key itself, shown only once; absent if the operator made it. */
            key?: string;
            /** @description The ids of the models that it may use; null: all. */
            models: string[] | null;
            name: string;
            /** @constant */
            object: "key";
            /** @description The id of the key that replaced it by a rotation. */
            replaced_by: string | null;
            requests_per_minute: number | null;
            revoked_at: string | null;
            scopes: ("generate" | "read" | "latents" | "jobs" | "shared_cache")[];
        };
        CreateImageRequest: {
            background?: string | null;
            cache_scope?: ("account" | "shared") | null;
            complexity?: ("low" | "medium" | "high") | null;
            guidance_scale?: number | null;
            height?: number;
            image_prompt?: (string | string[]) | null;
            model?: string;
            moderation?: ("auto" | "low") | null;
            n?: number | null;
            negative_prompt?: string | null;
            num_images?: number | null;
            num_inference_steps?: number | null;
            output_compression?: number | null;
            output_format?: ("png" | "jpeg" | "webp") | null;
            partial_images?: number | null;
            prompt: string;
            quality?: ("auto" | "standard" | "hd" | "low" | "medium" | "high" | "xhigh" | "max") | null;
            response_format?: ("url" | "b64_json") | null;
            reuse?: ("prefer" | "fresh" | "similar") | null;
            safety_identifier?: string | null;
            seed?: number | null;
            size?: string;
            steps?: number | null;
            stream?: boolean | null;
            style?: ("vivid" | "natural") | null;
            user?: string | null;
            width?: number;
        };
        CreateJobRequest: {
            /**
             * @description Fields for all requests; each request may override them.
             * @default {}
             */
            defaults?: {
                [key: string]: unknown;
            };
            /** @description Your own names and values: they come back in answers and webhooks. */
            metadata?: {
                [key: string]: string;
            };
            /** @description Each is a body of `POST /v1/images/generations`, without `response_format` and `image_prompt`. It may have a `custom_id` of 1 to 64 characters, which no other request of the job has. */
            requests: {
                [key: string]: unknown;
            }[];
            /** @description Receives a POST when the job has ended. Public https. */
            webhook_url?: string;
        };
        CreateKeyRequest: {
            budget_micro_usd_per_day?: number;
            defaults?: {
                /** @enum {string} */
                output_format?: "png" | "jpeg" | "webp";
                /** @enum {string} */
                response_format?: "url" | "b64_json";
                /**
                 * @description fresh: every unseeded request makes new pictures.
                 * @enum {string}
                 */
                reuse?: "prefer" | "fresh";
                size?: string;
            };
            /** Format: date-time */
            expires_at?: string;
            models?: string[];
            /** @default  */
            name?: string;
            requests_per_minute?: number;
            scopes?: ("generate" | "read" | "latents" | "jobs" | "shared_cache")[];
            sha256?: string;
        };
        CreateQuoteRequest: {
            background?: string | null;
            cache_scope?: ("account" | "shared") | null;
            complexity?: ("low" | "medium" | "high") | null;
            endpoint?: ("/v1/images/generations" | "/v1/images/edits" | "/v1/images/variations") | null;
            guidance_scale?: number | null;
            height?: number;
            image_prompt?: (string | string[]) | null;
            input_fidelity?: ("high" | "low") | null;
            mask?: boolean | null;
            model?: string;
            moderation?: ("auto" | "low") | null;
            n?: number | null;
            negative_prompt?: string | null;
            num_images?: number | null;
            num_inference_steps?: number | null;
            output_compression?: number | null;
            output_format?: ("png" | "jpeg" | "webp") | null;
            partial_images?: number | null;
            prompt?: string | null;
            quality?: ("auto" | "standard" | "hd" | "low" | "medium" | "high" | "xhigh" | "max") | null;
            response_format?: ("url" | "b64_json") | null;
            reuse?: ("prefer" | "fresh" | "similar") | null;
            safety_identifier?: string | null;
            seed?: number | null;
            size?: string;
            steps?: number | null;
            stream?: boolean | null;
            strength?: number | null;
            style?: ("vivid" | "natural") | null;
            user?: string | null;
            width?: number;
        };
        DecodeLatentRequest: {
            /** @description Of models that draw transparency. auto: transparent where the format can be; opaque: on white. */
            background?: string;
            output_compression?: number;
            /**
             * @default png
             * @enum {string}
             */
            output_format?: "png" | "jpeg" | "webp";
            /**
             * @default b64_json
             * @enum {string}
             */
            response_format?: "url" | "b64_json";
            size?: string;
        };
        DeletedLatent: {
            /** @enum {boolean} */
            deleted: true;
            id: string;
            /** @constant */
            object: "latent";
        };
        EditImageForm: {
            /** @description Of models that draw transparency. auto: transparent where the format can be; opaque: on white. */
            background?: string;
            /**
             * @default account
             * @enum {string}
             */
            cache_scope?: "account" | "shared";
            /** @enum {string} */
            complexity?: "low" | "medium" | "high";
            guidance_scale?: number;
            height?: number;
            /** @description PNG, JPEG or WebP, at most 8 MiB. */
            image: Blob;
            /** @description Pictures as part of the prompt (PNG, JPEG or WebP; base64 or data URLs), for models with `image_prompts`. They are not kept. */
            image_prompt?: string | string[];
            /** @enum {string} */
            input_fidelity?: "high" | "low";
            /** @description PNG, JPEG or WebP, at most 8 MiB. */
            mask?: Blob;
            model?: string;
            /** @enum {string} */
            moderation?: "auto" | "low";
            /** @default 1 */
            n?: number;
            /** @default  */
            negative_prompt?: string;
            /** @description Another name of `n`. */
            num_images?: number;
            /** @description Another name of `steps`. */
            num_inference_steps?: number;
            output_compression?: number;
            /**
             * @default png
             * @enum {string}
             */
            output_format?: "png" | "jpeg" | "webp";
            /** @default 0 */
            partial_images?: number;
            prompt: string;
            /** @enum {string} */
            quality?: "auto" | "standard" | "hd" | "low" | "medium" | "high" | "xhigh" | "max";
            /**
             * @description Left out: each picture has both, or its link alone beyond 16 MiB of pictures.
             * @enum {string}
             */
            response_format?: "url" | "b64_json";
            /**
             * @default prefer
             * @enum {string}
             */
            reuse?: "prefer" | "fresh";
            safety_identifier?: string;
            /** @description -1: a new random seed, as with `reuse: fresh`. */
            seed?: number;
            size?: string;
            steps?: number;
            /** @default false */
            stream?: boolean;
            strength?: number;
            /** @enum {string} */
            style?: "vivid" | "natural";
            user?: string;
            width?: number;
        };
        EmbeddedAndLinkedImage: {
            /** @description Seconds since its latent was made; 0 if this request made it. */
            age_seconds: number;
            /** Format: base64 */
            b64_json: string;
            latent_id: string;
            /** @description The same request with this seed returns this picture, unless it is `similar`. */
            seed: number;
            /**
             * @description The picture of a near prompt of this account; only with `reuse: similar`.
             * @enum {boolean}
             */
            similar?: true;
            tier: components["schemas"]["Tier"];
            /** Format: uri */
            url: string;
        };
        EmbeddedImage: {
            /** @description Seconds since its latent was made; 0 if this request made it. */
            age_seconds: number;
            /** Format: base64 */
            b64_json: string;
            latent_id: string;
            /** @description The same request with this seed returns this picture, unless it is `similar`. */
            seed: number;
            /**
             * @description The picture of a near prompt of this account; only with `reuse: similar`.
             * @enum {boolean}
             */
            similar?: true;
            tier: components["schemas"]["Tier"];
        };
        Erasure: {
            /** @description Charge lines that no longer say which latent and key they were for. */
            charges: number;
            /** @description false: something is left, such as a job that is still stopping. Ask again. */
            complete: boolean;
            /** @description Jobs that were deleted with their results. */
            jobs: number;
            /** @description Latents that are deleted from the store within a minute. */
            latents: number;
            /** @constant */
            object: "erasure";
        };
        Error: {
            error: {
                code: string;
                message: string;
                /** @description The field to blame, if one is. */
                param: string | null;
                /** @enum {string} */
                type: "invalid_request_error" | "insufficient_quota" | "rate_limit_error" | "server_error";
            };
        };
        GrantRequest: {
            grant_id: string;
            micro_usd: number;
        };
        Health: {
            model: string;
            parts: {
                /**
                 * @description other_model: the backend does not hold the edge's default model in its revision.
                 * @enum {string}
                 */
                backend: "ready" | "starting" | "unreachable" | "other_model";
                /** @constant */
                edge: "ready";
            };
            revision: string;
            /** @enum {string} */
            status: "ready" | "starting";
        };
        /** @description b64_json or url, as response_format says; both if it is left out. */
        Image: components["schemas"]["EmbeddedAndLinkedImage"] | components["schemas"]["EmbeddedImage"] | components["schemas"]["LinkedImage"];
        ImageEditEvent: components["schemas"]["PartialImageEditEvent"] | components["schemas"]["CompletedImageEditEvent"];
        ImageEvent: components["schemas"]["PartialImageEvent"] | components["schemas"]["CompletedImageEvent"];
        ImagesResponse: {
            /** @enum {string} */
            background: "opaque" | "transparent";
            /** @description Unix seconds. */
            created: number;
            data: components["schemas"]["Image"][];
            /** @enum {string} */
            output_format: "png" | "jpeg" | "webp";
            size: string;
            /** @description The latent that the pictures started from, stored for its owner. */
            start_latent_id?: string;
            usage: components["schemas"]["Usage"];
            warnings: string[];
        };
        InterpolateLatentsRequest: {
            /** @description Of models that draw transparency. auto: transparent where the format can be; opaque: on white. */
            background?: string;
            latent_id: string;
            output_compression?: number;
            /**
             * @default png
             * @enum {string}
             */
            output_format?: "png" | "jpeg" | "webp";
            /**
             * @default b64_json
             * @enum {string}
             */
            response_format?: "url" | "b64_json";
            size?: string;
            /** @default 0.5 */
            t?: number | number[];
        };
        Job: {
            cost: {
                /** @description The most that it can cost; held while it runs. */
                ceiling_micro_usd: number;
                /** @constant */
                currency: "usd";
                /** @description Charged so far. */
                micro_usd: number;
            };
            /** @description Unix seconds. */
            created: number;
            ended: number | null;
            /** @description The time until which it may run; after its end, the time of its deletion. */
            expires: number;
            id: string;
            /** @description As it was sent. */
            metadata: {
                [key: string]: string;
            } | null;
            /** @constant */
            object: "job";
            progress: components["schemas"]["JobProgress"];
            /** @description Jobs of the account that start earlier; null unless queued. */
            queue_position: number | null;
            results: components["schemas"]["JobResultPage"];
            started: number | null;
            state: components["schemas"]["JobState"];
            /** @description Deliveries of its webhook, oldest first. */
            webhook_attempts: components["schemas"]["WebhookAttempt"][];
            webhook_url: string | null;
        };
        JobList: {
            data: components["schemas"]["ListedJob"][];
            has_more: boolean;
            next_cursor: string | null;
            /** @constant */
            object: "list";
        };
        JobProgress: {
            cancelled: number;
            failed: number;
            queued: number;
            requests: number;
            running: number;
            succeeded: number;
        };
        JobResult: {
            /** @description What its sender calls it. */
            custom_id: string | null;
            /** @description The pictures, as links that expire. */
            data?: components["schemas"]["Image"][];
            error?: {
                code: string;
                message: string;
                param: string | null;
                type: string;
            };
            /** @description Its place in the job's requests, from 0. */
            index: number;
            /** @description The charge. */
            micro_usd?: number;
            /** @enum {string} */
            state: "queued" | "running" | "succeeded" | "failed" | "cancelled";
            warnings?: string[];
        };
        JobResultPage: {
            data: components["schemas"]["JobResult"][];
            has_more: boolean;
            /** @description Send it as ?cursor= for the next page. */
            next_cursor: string | null;
        };
        /** @enum {string} */
        JobState: "queued" | "running" | "cancelling" | "succeeded" | "partial" | "failed" | "cancelled";
        JobSummary: {
            cost: {
                /** @description The most that it can cost; held while it runs. */
                ceiling_micro_usd: number;
                /** @constant */
                currency: "usd";
                /** @description Charged so far. */
                micro_usd: number;
            };
            /** @description Unix seconds. */
            created: number;
            ended: number | null;
            /** @description The time until which it may run; after its end, the time of its deletion. */
            expires: number;
            id: string;
            /** @description As it was sent. */
            metadata: {
                [key: string]: string;
            } | null;
            /** @constant */
            object: "job";
            progress: components["schemas"]["JobProgress"];
            /** @description Jobs of the account that start earlier; null unless queued. */
            queue_position: number | null;
            started: number | null;
            state: components["schemas"]["JobState"];
            webhook_url: string | null;
        };
        Key: {
            budget_micro_usd_per_day: number | null;
            created: string | null;
            /** @description What its requests mean where they say nothing. */
            defaults: {
                /** @enum {string} */
                output_format?: "png" | "jpeg" | "webp";
                /** @enum {string} */
                response_format?: "url" | "b64_json";
                /**
                 * @description fresh: every unseeded request makes new pictures.
                 * @enum {string}
                 */
                reuse?: "prefer" | "fresh";
                size?: string;
            } | null;
            expires_at: string | null;
            id: string;
            /** @description The ids of the models that it may use; null: all. */
            models: string[] | null;
            name: string;
            /** @constant */
            object: "key";
            /** @description The id of the key that replaced it by a rotation. */
            replaced_by: string | null;
            requests_per_minute: number | null;
            revoked_at: string | null;
            scopes: ("generate" | "read" | "latents" | "jobs" | "shared_cache")[];
        };
        KeyList: {
            data: components["schemas"]["Key"][];
            has_more: boolean;
            /** @constant */
            object: "list";
        };
        Latent: {
            cost: {
                /** @constant */
                currency: "usd";
                micro_usd: number;
                price_book: number;
            };
            id: string;
            model: string;
            /** @constant */
            object: "latent";
            revision: string;
            size: string;
        };
        LatentList: {
            data: {
                age_seconds: number;
                /** @description Unix seconds. */
                created: number;
                /** @description How often it was charged as a hit. */
                hits: number;
                id: string;
                model: string;
                /** @constant */
                object: "latent";
                /** @description The most that a picture of it costs now. Null for one of another revision of the model. */
                price: {
                    /** @constant */
                    currency: "usd";
                    micro_usd: number;
                    price_book: number;
                } | null;
                revision: string | null;
                seed: number | null;
                size: string;
                /** @description What made it: a prompt (generation), an uploaded picture, a mix of two latents, an uploaded file. */
                source: ("generation" | "picture" | "interpolation" | "upload") | null;
            }[];
            has_more: boolean;
            next_cursor: string | null;
            /** @constant */
            object: "list";
        };
        Ledger: {
            account: string;
            available_micro_usd: number;
            /** @description The four balances sum to 0, and what is held is the sum of open reservations and holds. */
            balanced: boolean;
            held_micro_usd: number;
            /** @constant */
            object: "ledger";
            oldest_event: string | null;
            /** @description Since when the oldest open reservation is held; at most 15 minutes, or as long as a larger model may take. */
            oldest_reservation: string | null;
            open_reservations: number;
            /** @description Usage events that the queue has not taken yet. */
            outbox_events: number;
            /** @description When it was last compared with the usage table. */
            reconciled: string | null;
            spent_micro_usd: number;
        };
        LedgerList: {
            data: components["schemas"]["Ledger"][];
            has_more: boolean;
            /** @constant */
            object: "list";
        };
        LinkedImage: {
            /** @description Seconds since its latent was made; 0 if this request made it. */
            age_seconds: number;
            latent_id: string;
            /** @description The same request with this seed returns this picture, unless it is `similar`. */
            seed: number;
            /**
             * @description The picture of a near prompt of this account; only with `reuse: similar`.
             * @enum {boolean}
             */
            similar?: true;
            tier: components["schemas"]["Tier"];
            /** Format: uri */
            url: string;
        };
        ListedAccount: {
            created: string | null;
            id: string;
            name: string;
            /** @constant */
            object: "account";
            suspended: boolean;
        };
        ListedJob: {
            cost?: {
                /** @description The most that it can cost; held while it runs. */
                ceiling_micro_usd: number;
                /** @constant */
                currency: "usd";
                /** @description Charged so far. */
                micro_usd: number;
            };
            /** @description Unix seconds. */
            created: number;
            ended: number | null;
            /** @description The time until which it may run; after its end, the time of its deletion. */
            expires?: number;
            id: string;
            /** @description As it was sent. */
            metadata?: {
                [key: string]: string;
            } | null;
            /** @constant */
            object: "job";
            progress?: components["schemas"]["JobProgress"];
            /** @description Jobs of the account that start earlier; null unless queued. */
            queue_position?: number | null;
            requests: number;
            started?: number | null;
            state: components["schemas"]["JobState"];
            webhook_attempts?: components["schemas"]["WebhookAttempt"][];
            webhook_url?: string | null;
        };
        Model: {
            /** @description The id of the model of which this is another name. */
            alias_of?: string;
            /** @description transparent: its pictures have alpha. */
            backgrounds: ("opaque" | "transparent")[];
            /** @description Unix seconds. */
            created: number;
            description: string;
            guidance_scale: components["schemas"]["Range"];
            id: string;
            /** @description Whether `image_prompt` may hold pictures. */
            image_prompts: boolean;
            licence: string;
            name: string;
            /** @constant */
            object: "model";
            owned_by: string;
            /** @description How many times the usual price generation, decoding and encoding cost. */
            price_factor: number;
            /** @description Changes with any byte of the model; every latent id changes with it. */
            revision: string;
            /** @description Any size with such sides is offered as well; absent: only those in `sizes`. */
            sides?: {
                max: number;
                min: number;
                multiple_of: number;
            };
            size_default: string;
            /** @description WIDTHxHEIGHT in pixels. */
            sizes: string[];
            steps: components["schemas"]["Range"];
        };
        ModelList: {
            data: components["schemas"]["Model"][];
            /** @constant */
            object: "list";
        };
        ModelReport: {
            date: string;
            figures: {
                [key: string]: {
                    count: number;
                    high: number | null;
                    low: number | null;
                    outcome: ("met" | "missed" | "unsure" | "unknown") | null;
                    threshold: number | null;
                    value: number;
                };
            };
            revision: string;
            set: {
                held_out: number;
                name: string;
                pictures: number;
            };
            /** @enum {string} */
            verdict: "met" | "missed" | "unsure" | "unknown";
        };
        OfferedModel: {
            /** @description Null: the service was built with it. */
            added: string | null;
            /** @description The id of the model of which this is another name. */
            alias_of?: string;
            /** @description transparent: its pictures have alpha. */
            backgrounds: ("opaque" | "transparent")[];
            /** @description Unix seconds. */
            created: number;
            description: string;
            /** @description True: it was offered although its report misses a threshold. */
            forced: boolean;
            guidance_scale: components["schemas"]["Range"];
            id: string;
            /** @description Whether `image_prompt` may hold pictures. */
            image_prompts: boolean;
            licence: string;
            name: string;
            /** @constant */
            object: "model";
            /** @description False: requests cannot name it; its latents are still decoded. */
            offered: boolean;
            owned_by: string;
            /** @description How many times the usual price generation, decoding and encoding cost. */
            price_factor: number;
            /** @description What its own report (kpi.json) says of it; null: it came without one. */
            report: components["schemas"]["ModelReport"] | null;
            /** @description Changes with any byte of the model; every latent id changes with it. */
            revision: string;
            /** @description While it takes a share of its id's requests; null: it is not rolled out. */
            roll_out: components["schemas"]["RollOut"] | null;
            /** @description Any size with such sides is offered as well; absent: only those in `sizes`. */
            sides?: {
                max: number;
                min: number;
                multiple_of: number;
            };
            size_default: string;
            /** @description WIDTHxHEIGHT in pixels. */
            sizes: string[];
            steps: components["schemas"]["Range"];
        };
        OfferedModelList: {
            data: components["schemas"]["OfferedModel"][];
            has_more: boolean;
            /** @constant */
            object: "list";
        };
        OwnKey: {
            budget_micro_usd_per_day: number | null;
            created: string | null;
            /** @description Whether this request came with it. */
            current: boolean;
            /** @description What its requests mean where they say nothing. */
            defaults: {
                /** @enum {string} */
                output_format?: "png" | "jpeg" | "webp";
                /** @enum {string} */
                response_format?: "url" | "b64_json";
                /**
                 * @description fresh: every unseeded request makes new pictures.
                 * @enum {string}
                 */
                reuse?: "prefer" | "fresh";
                size?: string;
            } | null;
            expires_at: string | null;
            id: string;
            /** @description The ids of the models that it may use; null: all. */
            models: string[] | null;
            name: string;
            /** @constant */
            object: "key";
            /** @description The id of the key that replaced it by a rotation. */
            replaced_by: string | null;
            requests_per_minute: number | null;
            revoked_at: string | null;
            scopes: ("generate" | "read" | "latents" | "jobs" | "shared_cache")[];
        };
        OwnKeyList: {
            data: components["schemas"]["OwnKey"][];
            /** @constant */
            has_more: false;
            /** @constant */
            object: "list";
        };
        PartialImageEditEvent: {
            /** Format: base64 */
            b64_json: string;
            /** @enum {string} */
            background: "opaque" | "transparent";
            /** @description Unix seconds. */
            created_at: number;
            latent_id: string;
            /** @enum {string} */
            output_format: "png" | "jpeg" | "webp";
            /** @description Counts from 0 for each picture. */
            partial_image_index: number;
            /** @constant */
            quality: "auto";
            /** @description The same request with this seed returns this picture, unless it is `similar`. */
            seed: number;
            size: string;
            /** @constant */
            type: "image_edit.partial_image";
        };
        PartialImageEvent: {
            /** Format: base64 */
            b64_json: string;
            /** @enum {string} */
            background: "opaque" | "transparent";
            /** @description Unix seconds. */
            created_at: number;
            latent_id: string;
            /** @enum {string} */
            output_format: "png" | "jpeg" | "webp";
            /** @description Counts from 0 for each picture. */
            partial_image_index: number;
            /** @constant */
            quality: "auto";
            /** @description The same request with this seed returns this picture, unless it is `similar`. */
            seed: number;
            size: string;
            /** @constant */
            type: "image_generation.partial_image";
        };
        PictureUsage: {
            /** @description Seconds since its latent was made; 0 if this request made it. */
            age_seconds: number;
            latent_id: string;
            /** @description Micro-USD: millionths of a dollar. */
            micro_usd: number;
            /** @description Part → milliseconds; those that ran. */
            milliseconds: {
                [key: string]: number;
            };
            /** @description The same request with this seed returns this picture, unless it is `similar`. */
            seed: number;
            /**
             * @description The picture of a near prompt of this account; only with `reuse: similar`.
             * @enum {boolean}
             */
            similar?: true;
            tier: components["schemas"]["Tier"];
        };
        PlainError: {
            code: string;
            error: string;
            message: string;
            param: string | null;
            type: string;
        };
        Quote: {
            /** @description The most that the request can cost; this much is held while it runs. */
            ceiling_micro_usd: number;
            /** @constant */
            currency: "usd";
            /** @constant */
            object: "quote";
            /** @description The price of one picture by the tier that serves it, in micro-USD. */
            picture_micro_usd: {
                /** @description Micro-USD: millionths of a dollar. */
                generated: number;
                /** @description Micro-USD: millionths of a dollar. */
                image: number;
                /** @description Micro-USD: millionths of a dollar. */
                latent: number;
            };
            pictures: number;
            /** @description The version of the prices. */
            price_book: number;
            /** @description Of an edit or a variation: the price of reading the picture, once, if its latent is not stored. */
            start_micro_usd?: number;
        };
        Range: {
            default: number;
            max: number;
            min: number;
        };
        ReceiptList: {
            data: {
                /** @description Unix seconds. */
                created: number;
                /** @description Of the ledger's transaction. */
                id: string;
                /**
                 * @description reversal: credit whose payment was refunded or disputed.
                 * @enum {string}
                 */
                kind: "credit" | "reversal";
                /** @description Micro-USD: millionths of a dollar; negative where credit was taken back. */
                micro_usd: number;
                /** @constant */
                object: "receipt";
                /** @description What the payment or grant is called, such as Stripe's payment intent. */
                reference: string | null;
            }[];
            has_more: boolean;
            next_cursor: string | null;
            /** @constant */
            object: "list";
        };
        Reconciliation: {
            /** @description Compared accounts: those that were compared longest ago. */
            accounts: number;
            /** @description Compared settlements. */
            checked: number;
            /** @constant */
            object: "reconciliation";
            /** @description Settlements that were missing from the usage table and were written. */
            repaired: number;
            /** @description Settlements that the meter did not accept; the next run retries them. */
            unmetered: number;
            /** @description Settlements that still differ. */
            unrepaired: string[];
        };
        RollOut: {
            /** @description The revision that the id alone means; null: it was taken back. */
            before: components["schemas"]["RollOutFigures"] | null;
            candidate: components["schemas"]["RollOutFigures"];
            reasons: components["schemas"]["RollOutReason"][];
            rule: components["schemas"]["RollOutRule"] | null;
            share: number;
            /** Format: date-time */
            since: string;
            /** @description What the rule says now; it acts every five minutes. Null without a rule. */
            verdict: ("promote" | "hold" | "take_back") | null;
        };
        RollOutFigures: {
            /** @description Points between the best and the worst group, by its report. */
            bias: number | null;
            failed_requests: number;
            /** @description Null without a new picture that a client waited for. */
            p95_ms: number | null;
            /** @description Per cent, by its report; null: not known. */
            recognition: number | null;
            /** @description With a new picture, or failed by the model, since the hour in which it began. */
            requests: number;
            revision: string;
        };
        RollOutReason: {
            /** @description What `value` is of the revision before. */
            before: number | null;
            /** @description What `of` is of the revision before. */
            before_of: number | null;
            /** @enum {string} */
            code: "no_revision_before" | "failures" | "requests" | "p95" | "p95_unknown" | "recognition" | "recognition_unknown" | "recognition_of_other_sets" | "bias" | "bias_unknown" | "bias_of_other_sets";
            /** @description Of `failures`: of how many requests. Of `requests`: how many are wanted. */
            of: number | null;
            /** @description Of the candidate: failed requests, requests that were counted, ms, per cent or points; null: the code has none. */
            value: number | null;
        };
        RollOutRequest: {
            /** @description The kpi.json of the revision before, where the service has none, as of the one it was built with. */
            base_kpi?: {
                [key: string]: unknown;
            };
            /** @description Null: the operator alone decides. Absent: as before; of a new roll-out, null. */
            rule?: {
                /**
                 * @description Points by which groups may differ more, by both reports; null: it is not compared.
                 * @default 5
                 */
                bias_rise_max?: number | null;
                /**
                 * @description Points by which more of them may fail.
                 * @default 1
                 */
                failure_points_max?: number;
                /**
                 * @description How many times as long they may take.
                 * @default 1.5
                 */
                p95_ratio_max?: number;
                /**
                 * @description Points by which the judge may recognise less, by both reports; null: it is not compared.
                 * @default 5
                 */
                recognition_drop_max?: number | null;
                /**
                 * @description Requests with a new picture, or failed by the model, before it may be promoted.
                 * @default 100
                 */
                requests_min?: number;
            } | null;
            /** @description Of the unseeded requests that name the id alone, in per cent. */
            share: number;
        };
        RollOutRule: {
            /** @description Points by which groups may differ more, by both reports; null: it is not compared. */
            bias_rise_max: number | null;
            /** @description Points by which more of them may fail. */
            failure_points_max: number;
            /** @description How many times as long they may take. */
            p95_ratio_max: number;
            /** @description Points by which the judge may recognise less, by both reports; null: it is not compared. */
            recognition_drop_max: number | null;
            /** @description Requests with a new picture, or failed by the model, before it may be promoted. */
            requests_min: number;
        };
        RotateKeyRequest: {
            /** @default 86400 */
            overlap_seconds?: number;
        };
        Spend: {
            /** @description The accounts that were charged most, the highest first. */
            accounts: {
                account: string;
                /** @description Milliseconds that graphs ran for them, where they were measured. */
                gpu_ms: number;
                /** @description Charged, in micro-USD. */
                micro_usd: number;
                /** @description Requests that were charged. */
                requests: number;
                /** @description What hits cost less than making their latents had. */
                saved_micro_usd: number;
            }[];
            /**
             * Format: date
             * @description The first UTC day.
             */
            from: string;
            /** @description The keys that were charged most. Charges without a known key are left out. */
            keys: {
                account: string;
                /** @description Milliseconds that graphs ran for them, where they were measured. */
                gpu_ms: number;
                /** @description The key's id. */
                key: string;
                /** @description Charged, in micro-USD. */
                micro_usd: number;
                /** @description Requests that were charged. */
                requests: number;
                /** @description What hits cost less than making their latents had. */
                saved_micro_usd: number;
            }[];
            /** @constant */
            object: "spend";
            /** @description What all accounts were charged. */
            total_micro_usd: number;
        };
        /** @description An event, as Stripe documents it. */
        StripeEvent: Record<string, never>;
        StripeReceipt: {
            /** @enum {boolean} */
            received?: true;
        };
        TextToImageRequest: {
            inputs: string;
            options?: {
                /** @description false: as `reuse: fresh`. */
                use_cache?: boolean;
            } & {
                [key: string]: unknown;
            };
            /** @default {} */
            parameters?: {
                guidance_scale?: number;
                height?: number;
                negative_prompt?: string;
                num_inference_steps?: number;
                scheduler?: string;
                /** @description -1: a new random seed, as with `reuse: fresh`. */
                seed?: number;
                width?: number;
            };
        };
        /**
         * @description The finished image from the edge, a stored latent that was decoded, or a full generation.
         * @enum {string}
         */
        Tier: "image" | "latent" | "generated";
        Topup: {
            /** @constant */
            object: "topup";
            /**
             * Format: uri
             * @description Stripe Checkout's page for this payment. It expires after a day.
             */
            url: string;
            usd_cents: number;
        };
        TopupRequest: {
            usd_cents: number;
        };
        Traffic: {
            /** Format: date-time */
            from: string;
            /** @constant */
            object: "traffic";
            /** @description Percentiles come from a histogram; their relative error is at most this. */
            percentile_error: number;
            /** @description An hour for up to two days, else a UTC day. */
            slot_seconds: number;
            /** @description Slots in which something was counted, oldest first. */
            slots: components["schemas"]["TrafficSlot"][];
            /** @description The whole range. */
            total: components["schemas"]["TrafficSlot"];
            /** Format: date-time */
            until: string;
        };
        TrafficSlot: {
            /**
             * Format: date-time
             * @description Its beginning in UTC.
             */
            at: string;
            failed_requests: number;
            /** @description By error code, the most frequent first. */
            failures: {
                code: string;
                requests: number;
            }[];
            /** @description Runs that pictures did without, each at the range's mean; null if the range has no such run. */
            gpu_ms_saved: number | null;
            /** @description Milliseconds in which a stage ran, for delivered pictures. */
            gpu_ms_spent: number;
            /** @description Share of the pictures for which Stage C did not run. */
            hit_rate: number | null;
            micro_usd: number;
            pictures: number;
            /** @description Requests for pictures that showed a valid key, failed ones included. */
            requests: number;
            tiers: components["schemas"]["TrafficTier"][];
        };
        TrafficTier: {
            /** @description Of Stages B and A, where they ran for these pictures. */
            decode_ms: number;
            /** @description Charged for these pictures, in micro-USD. */
            micro_usd: number;
            /** @description Half of the requests took no longer; null without a measured request. */
            p50_ms: number | null;
            p95_ms: number | null;
            p99_ms: number | null;
            pictures: number;
            /** @description Requests whose slowest picture had this tier. */
            requests: number;
            /** @description Of text encoder and Stage C, where they ran for these pictures. */
            stage_c_ms: number;
            tier: components["schemas"]["Tier"];
        };
        Usage: {
            /** @description The request's charge, and the version of its prices. */
            cost: {
                /** @constant */
                currency: "usd";
                /** @description Micro-USD: millionths of a dollar. */
                micro_usd: number;
                price_book: number;
            };
            /** @description Of prompt and negative prompt, special tokens included. */
            input_tokens: number;
            input_tokens_details: {
                image_tokens: number;
                text_tokens: number;
            };
            /** @description Always 0: pictures are not counted in tokens here. */
            output_tokens: number;
            pictures: components["schemas"]["PictureUsage"][];
            total_tokens: number;
        };
        UsageDay: {
            /**
             * Format: date
             * @description The day in UTC, YYYY-MM-DD.
             */
            day: string;
            /** @description Milliseconds that graphs ran at a backend, where they were measured. */
            gpu_ms: number;
            /** @description The parts of the day. They add up to the day, but for requests with lines in several parts. */
            groups: components["schemas"]["UsageGroup"][];
            /** @description Charge lines: one per picture and kind of work. */
            lines: number;
            /** @description Micro-USD: millionths of a dollar. */
            micro_usd: number;
            /** @constant */
            object: "usage.day";
            /** @description Requests that were charged. */
            requests: number;
            /** @description What hits cost less than making their latents had cost this account. Latents of other accounts, and those from before version 0.2, count as nothing. */
            saved: {
                /** @description Milliseconds that graphs ran at a backend, where they were measured. */
                gpu_ms: number;
                /** @description Micro-USD: millionths of a dollar. */
                micro_usd: number;
            };
        };
        UsageGroup: {
            /** @description Milliseconds that graphs ran at a backend, where they were measured. */
            gpu_ms: number;
            /** @description The key's id; null for none, and before keys were recorded. Grouped by key only. */
            key?: string | null;
            /** @description The kind of work: generation, storage, hit, decode, encode, and so on. Grouped by kind only. */
            kind?: string;
            /** @description Charge lines: one per picture and kind of work. */
            lines: number;
            /** @description Micro-USD: millionths of a dollar. */
            micro_usd: number;
            /** @description Requests that were charged. */
            requests: number;
            /** @description What hits cost less than making their latents had cost this account. Latents of other accounts, and those from before version 0.2, count as nothing. */
            saved: {
                /** @description Milliseconds that graphs ran at a backend, where they were measured. */
                gpu_ms: number;
                /** @description Micro-USD: millionths of a dollar. */
                micro_usd: number;
            };
            /** @description How the pictures were served; null for work without one, and before tiers were recorded. Grouped by tier only. */
            tier?: components["schemas"]["Tier"] | null;
        };
        UsageList: {
            data: components["schemas"]["UsageDay"][];
            has_more: boolean;
            next_cursor: string | null;
            /** @constant */
            object: "list";
        };
        VaryImageForm: {
            /** @description Of models that draw transparency. auto: transparent where the format can be; opaque: on white. */
            background?: string;
            /**
             * @default account
             * @enum {string}
             */
            cache_scope?: "account" | "shared";
            /** @enum {string} */
            complexity?: "low" | "medium" | "high";
            guidance_scale?: number;
            height?: number;
            /** @description PNG, JPEG or WebP, at most 8 MiB. */
            image: Blob;
            /** @description Pictures as part of the prompt (PNG, JPEG or WebP; base64 or data URLs), for models with `image_prompts`. They are not kept. */
            image_prompt?: string | string[];
            /** @enum {string} */
            input_fidelity?: "high" | "low";
            /** @description PNG, JPEG or WebP, at most 8 MiB. */
            mask?: Blob;
            model?: string;
            /** @enum {string} */
            moderation?: "auto" | "low";
            /** @default 1 */
            n?: number;
            /** @default  */
            negative_prompt?: string;
            /** @description Another name of `n`. */
            num_images?: number;
            /** @description Another name of `steps`. */
            num_inference_steps?: number;
            output_compression?: number;
            /**
             * @default png
             * @enum {string}
             */
            output_format?: "png" | "jpeg" | "webp";
            /** @default 0 */
            partial_images?: number;
            /** @default  */
            prompt?: string;
            /** @enum {string} */
            quality?: "auto" | "standard" | "hd" | "low" | "medium" | "high" | "xhigh" | "max";
            /**
             * @description Left out: each picture has both, or its link alone beyond 16 MiB of pictures.
             * @enum {string}
             */
            response_format?: "url" | "b64_json";
            /**
             * @default prefer
             * @enum {string}
             */
            reuse?: "prefer" | "fresh";
            safety_identifier?: string;
            /** @description -1: a new random seed, as with `reuse: fresh`. */
            seed?: number;
            size?: string;
            steps?: number;
            /** @default false */
            stream?: boolean;
            strength?: number;
            /** @enum {string} */
            style?: "vivid" | "natural";
            user?: string;
            width?: number;
        };
        VaryLatentForm: {
            /** @description Of models that draw transparency. auto: transparent where the format can be; opaque: on white. */
            background?: string;
            /**
             * @default account
             * @enum {string}
             */
            cache_scope?: "account" | "shared";
            /** @enum {string} */
            complexity?: "low" | "medium" | "high";
            guidance_scale?: number;
            height?: number;
            /** @description Pictures as part of the prompt (PNG, JPEG or WebP; base64 or data URLs), for models with `image_prompts`. They are not kept. */
            image_prompt?: string | string[];
            /** @enum {string} */
            input_fidelity?: "high" | "low";
            /** @description PNG, JPEG or WebP, at most 8 MiB. */
            mask?: Blob;
            model?: string;
            /** @enum {string} */
            moderation?: "auto" | "low";
            /** @default 1 */
            n?: number;
            /** @default  */
            negative_prompt?: string;
            /** @description Another name of `n`. */
            num_images?: number;
            /** @description Another name of `steps`. */
            num_inference_steps?: number;
            output_compression?: number;
            /**
             * @default png
             * @enum {string}
             */
            output_format?: "png" | "jpeg" | "webp";
            /** @default 0 */
            partial_images?: number;
            /** @default  */
            prompt?: string;
            /** @enum {string} */
            quality?: "auto" | "standard" | "hd" | "low" | "medium" | "high" | "xhigh" | "max";
            /**
             * @description Left out: each picture has both, or its link alone beyond 16 MiB of pictures.
             * @enum {string}
             */
            response_format?: "url" | "b64_json";
            /**
             * @default prefer
             * @enum {string}
             */
            reuse?: "prefer" | "fresh";
            safety_identifier?: string;
            /** @description -1: a new random seed, as with `reuse: fresh`. */
            seed?: number;
            size?: string;
            steps?: number;
            /** @default false */
            stream?: boolean;
            strength?: number;
            /** @enum {string} */
            style?: "vivid" | "natural";
            user?: string;
            width?: number;
        };
        VaryLatentRequest: {
            /** @description Of models that draw transparency. auto: transparent where the format can be; opaque: on white. */
            background?: string;
            /**
             * @default account
             * @enum {string}
             */
            cache_scope?: "account" | "shared";
            /** @enum {string} */
            complexity?: "low" | "medium" | "high";
            guidance_scale?: number;
            height?: number;
            /** @description Pictures as part of the prompt (PNG, JPEG or WebP; base64 or data URLs), for models with `image_prompts`. They are not kept. */
            image_prompt?: string | string[];
            /** @enum {string} */
            input_fidelity?: "high" | "low";
            model?: string;
            /** @enum {string} */
            moderation?: "auto" | "low";
            /** @default 1 */
            n?: number;
            /** @default  */
            negative_prompt?: string;
            /** @description Another name of `n`. */
            num_images?: number;
            /** @description Another name of `steps`. */
            num_inference_steps?: number;
            output_compression?: number;
            /**
             * @default png
             * @enum {string}
             */
            output_format?: "png" | "jpeg" | "webp";
            /** @default 0 */
            partial_images?: number;
            /** @default  */
            prompt?: string;
            /** @enum {string} */
            quality?: "auto" | "standard" | "hd" | "low" | "medium" | "high" | "xhigh" | "max";
            /**
             * @description Left out: each picture has both, or its link alone beyond 16 MiB of pictures.
             * @enum {string}
             */
            response_format?: "url" | "b64_json";
            /**
             * @default prefer
             * @enum {string}
             */
            reuse?: "prefer" | "fresh";
            safety_identifier?: string;
            /** @description -1: a new random seed, as with `reuse: fresh`. */
            seed?: number;
            size?: string;
            steps?: number;
            /** @default false */
            stream?: boolean;
            strength?: number;
            /** @enum {string} */
            style?: "vivid" | "natural";
            user?: string;
            width?: number;
        };
        Verification: {
            /**
             * @description Whether the file has a C2PA manifest. Its content is not checked here.
             * @enum {string}
             */
            content_credentials: "present" | "absent";
            /** @description null: unknown. */
            made_by_ai: true | null;
            /** @description The mark in the pixels, which may survive when a picture is saved anew. */
            mark: {
                /** @description How many bits a mark has. */
                bits: number;
                /** @description How many agree with the nearest model's mark; half do by chance. */
                bits_matched: number | null;
                /** @description How likely a picture without a mark agrees in so many bits, all models and readings counted. */
                false_positive_probability: number | null;
                model: string;
                /**
                 * @description found: a model of this service made the picture. absent: none of its models that mark pictures did, or the mark is lost. unread: nobody looked, since the file is ours by its metadata, no model marks pictures, the file cannot be read, or no backend had time.
                 * @enum {string}
                 */
                result: "found" | "absent" | "unread";
            };
            /** @constant */
            object: "verification";
            /**
             * @description altered: it bears a mark, which is not that of its bytes. unmarked: it bears none, which says nothing.
             * @enum {string}
             */
            result: "ours" | "altered" | "unmarked";
        };
        WebhookAttempt: {
            /** @description Unix seconds. */
            at: number;
            /** @description Why there was no answer. */
            failure: ("address_refused" | "unreachable" | "internal") | null;
            /** @description When it is sent again; null: not again. */
            next: number | null;
            /**
             * @description refused: the receiver answered 410, or the address is not allowed; it is not sent again.
             * @enum {string}
             */
            outcome: "delivered" | "refused" | "failed";
            /** @description Whether the account asked for it, by POST …/webhook/redeliver. */
            redelivery: boolean;
            /** @description The HTTP status of the answer; null when there was none. */
            status: number | null;
        };
        WebhookSecret: {
            /** @description Unix seconds. */
            created: number;
            /** @constant */
            object: "webhook_secret";
            /** @description The time until which the previous secret also signs, in Unix seconds. */
            previous_expires: number | null;
            /** @description Verifies webhooks by the Standard Webhooks scheme: whsec_ and base64. */
            secret: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    textToImage: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name for this request: a repeat with the same name and body is charged once. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description A model's id. */
                id: "emoji-128" | "emoji-128@7e5c5dc01b343994";
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TextToImageRequest"];
            };
        };
        responses: {
            /** @description The picture. */
            200: {
                headers: {
                    /** @description Names the request. */
                    "x-request-id"?: string;
                    /** @description Seconds since the latent of each picture was made. */
                    "x-wuerstchen-age-seconds"?: string;
                    /** @description What was charged, in micro-USD. */
                    "x-wuerstchen-cost-micro-usd"?: string;
                    /** @description The seed of each picture. */
                    "x-wuerstchen-seed"?: string;
                    /** @description Whether each picture is of a prompt that is only nearly the same; absent when none is. */
                    "x-wuerstchen-similar"?: string;
                    /** @description Which tier served each picture. */
                    "x-wuerstchen-tier"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": Blob;
                    "image/png": Blob;
                    "image/webp": Blob;
                };
            };
            /** @description invalid_request, content_policy_violation */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlainError"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlainError"];
                };
            };
            /** @description key_budget_exceeded, insufficient_quota */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlainError"];
                };
            };
            /** @description insufficient_scope, account_suspended, model_not_allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlainError"];
                };
            };
            /** @description model_not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlainError"];
                };
            };
            /** @description request_timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlainError"];
                };
            };
            /** @description job_cancelled */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlainError"];
                };
            };
            /** @description idempotent_result_gone */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlainError"];
                };
            };
            /** @description payload_too_large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlainError"];
                };
            };
            /** @description unsupported_media_type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlainError"];
                };
            };
            /** @description idempotency_key_reused */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlainError"];
                };
            };
            /** @description rate_limit_exceeded, concurrency_limit_exceeded, backend_overloaded, server_busy */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlainError"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlainError"];
                };
            };
            /** @description moderation_unavailable, backend_unavailable, model_unavailable, backend_failed */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlainError"];
                };
            };
            /** @description deadline_exceeded */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlainError"];
                };
            };
        };
    };
    eraseAccount: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What was erased. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erasure"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    exportAccount: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The lines. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": Blob;
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listAccounts: {
        parameters: {
            query?: {
                /** @description The last id of the part before. */
                after?: string;
                /** @description The most entries of a page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The accounts. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountList"];
                };
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getAccount: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description An account's id. */
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Account"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    putAccount: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description An account's id. */
                account: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AccountRequest"];
            };
        };
        responses: {
            /** @description The account. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Account"];
                };
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description request_timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description payload_too_large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported_media_type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded, server_busy */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getAudit: {
        parameters: {
            query?: {
                /** @description The last id of the part before. */
                after?: number;
                /** @description The most entries of a page. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description An account's id. */
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The entries. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditEntryList"];
                };
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    grantCredit: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description An account's id. */
                account: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GrantRequest"];
            };
        };
        responses: {
            /** @description The new balance. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Balance"];
                };
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description request_timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description payload_too_large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported_media_type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded, server_busy */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listKeys: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description An account's id. */
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The keys. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyList"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    createKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description An account's id. */
                account: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateKeyRequest"];
            };
        };
        responses: {
            /** @description The key, shown this once. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedKey"];
                };
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description request_timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description payload_too_large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported_media_type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded, server_busy */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    revokeKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description An account's id. */
                account: string;
                /** @description A key's id. */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The key, revoked. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Key"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    rotateKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description An account's id. */
                account: string;
                /** @description A key's id. */
                key: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RotateKeyRequest"];
            };
        };
        responses: {
            /** @description The new key, shown this once. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedKey"];
                };
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description request_timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description payload_too_large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported_media_type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded, server_busy */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getLedger: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description An account's id. */
                account: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The ledger. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ledger"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listAudit: {
        parameters: {
            query?: {
                /** @description The `next_cursor` of the page before. */
                cursor?: string;
                /** @description The most entries of a page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The entries. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountAuditList"];
                };
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getModelAudit: {
        parameters: {
            query?: {
                /** @description The last id of the part before. */
                after?: number;
                /** @description The most entries of a page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The entries. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditEntryList"];
                };
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listBackends: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The backends. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackendList"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listLedgers: {
        parameters: {
            query?: {
                /** @description The last id of the part before. */
                after?: string;
                /** @description The most entries of a page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The ledgers. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LedgerList"];
                };
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listOfferedModels: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The models. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OfferedModelList"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    putModel: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddModelRequest"];
            };
        };
        responses: {
            /** @description The model. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OfferedModel"];
                };
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description request_timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description payload_too_large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported_media_type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description thresholds_missed */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded, server_busy */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description model_unavailable */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    deleteModel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description `id@revision`, or an id for all revisions that were added of it. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The models that were taken back. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OfferedModelList"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description model_not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    postPromotion: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description `id@revision` of a model that is being rolled out. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The model. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OfferedModel"];
                };
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description model_not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    postRollOut: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description `id@revision` of a model that is offered. */
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RollOutRequest"];
            };
        };
        responses: {
            /** @description The model. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OfferedModel"];
                };
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description model_not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description request_timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description payload_too_large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported_media_type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded, server_busy */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    postReconciliation: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What was found. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reconciliation"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getSpend: {
        parameters: {
            query?: {
                /** @description How many days back, today included. */
                days?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The highest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Spend"];
                };
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getTraffic: {
        parameters: {
            query?: {
                /** @description How many days back, today included. */
                days?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The counts. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Traffic"];
                };
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getBalance: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The balance. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Balance"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Pictures can be made. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Pictures cannot be made; the body states the reason. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    getImage: {
        parameters: {
            query: {
                /** @description The time at which the link expires, in Unix seconds. */
                exp: number;
                /** @description The link's signature. */
                sig: string;
            };
            header?: never;
            path: {
                /** @description Latent id and format. */
                file: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The picture. */
            200: {
                headers: {
                    /** @description Lasts as long as the link. */
                    "cache-control"?: string;
                    /** @description For If-None-Match. */
                    etag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": Blob;
                    "image/png": Blob;
                    "image/webp": Blob;
                };
            };
            /** @description Not changed. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description invalid_signature */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description job_cancelled */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description link_expired */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded, backend_overloaded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description backend_unavailable, model_unavailable, backend_failed */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description deadline_exceeded */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    editImage: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name for this request: a repeat with the same name and body is charged once. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": components["schemas"]["EditImageForm"];
            };
        };
        responses: {
            /** @description The pictures, and how each was served. */
            200: {
                headers: {
                    /** @description Names the request. */
                    "x-request-id"?: string;
                    /** @description Seconds since the latent of each picture was made. */
                    "x-wuerstchen-age-seconds"?: string;
                    /** @description What was charged, in micro-USD. */
                    "x-wuerstchen-cost-micro-usd"?: string;
                    /** @description The seed of each picture. */
                    "x-wuerstchen-seed"?: string;
                    /** @description Whether each picture is of a prompt that is only nearly the same; absent when none is. */
                    "x-wuerstchen-similar"?: string;
                    /** @description Which tier served each picture. */
                    "x-wuerstchen-tier"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImagesResponse"];
                    "image/jpeg": Blob;
                    "image/png": Blob;
                    "image/webp": Blob;
                    "text/event-stream": unknown;
                };
            };
            /** @description invalid_request, content_policy_violation */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description key_budget_exceeded, insufficient_quota */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended, model_not_allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description model_not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description request_timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description job_cancelled */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description idempotent_result_gone */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description payload_too_large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported_media_type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description idempotency_key_reused */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded, concurrency_limit_exceeded, backend_overloaded, server_busy */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description moderation_unavailable, backend_unavailable, model_unavailable, backend_failed */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description deadline_exceeded */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    createImage: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name for this request: a repeat with the same name and body is charged once. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateImageRequest"];
            };
        };
        responses: {
            /** @description The pictures, and how each was served. */
            200: {
                headers: {
                    /** @description Names the request. */
                    "x-request-id"?: string;
                    /** @description Seconds since the latent of each picture was made. */
                    "x-wuerstchen-age-seconds"?: string;
                    /** @description What was charged, in micro-USD. */
                    "x-wuerstchen-cost-micro-usd"?: string;
                    /** @description The seed of each picture. */
                    "x-wuerstchen-seed"?: string;
                    /** @description Whether each picture is of a prompt that is only nearly the same; absent when none is. */
                    "x-wuerstchen-similar"?: string;
                    /** @description Which tier served each picture. */
                    "x-wuerstchen-tier"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImagesResponse"];
                    "image/jpeg": Blob;
                    "image/png": Blob;
                    "image/webp": Blob;
                    "text/event-stream": unknown;
                };
            };
            /** @description invalid_request, content_policy_violation */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description key_budget_exceeded, insufficient_quota, payment_required */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended, model_not_allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description model_not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description request_timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description job_cancelled */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description idempotent_result_gone */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description payload_too_large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported_media_type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description idempotency_key_reused */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded, concurrency_limit_exceeded, backend_overloaded, server_busy */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description moderation_unavailable, backend_unavailable, model_unavailable, backend_failed, payment_unavailable */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description deadline_exceeded */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    varyImage: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name for this request: a repeat with the same name and body is charged once. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": components["schemas"]["VaryImageForm"];
            };
        };
        responses: {
            /** @description The pictures, and how each was served. */
            200: {
                headers: {
                    /** @description Names the request. */
                    "x-request-id"?: string;
                    /** @description Seconds since the latent of each picture was made. */
                    "x-wuerstchen-age-seconds"?: string;
                    /** @description What was charged, in micro-USD. */
                    "x-wuerstchen-cost-micro-usd"?: string;
                    /** @description The seed of each picture. */
                    "x-wuerstchen-seed"?: string;
                    /** @description Whether each picture is of a prompt that is only nearly the same; absent when none is. */
                    "x-wuerstchen-similar"?: string;
                    /** @description Which tier served each picture. */
                    "x-wuerstchen-tier"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImagesResponse"];
                    "image/jpeg": Blob;
                    "image/png": Blob;
                    "image/webp": Blob;
                    "text/event-stream": unknown;
                };
            };
            /** @description invalid_request, content_policy_violation */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description key_budget_exceeded, insufficient_quota */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended, model_not_allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description model_not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description request_timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description job_cancelled */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description idempotent_result_gone */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description payload_too_large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported_media_type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description idempotency_key_reused */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded, concurrency_limit_exceeded, backend_overloaded, server_busy */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description moderation_unavailable, backend_unavailable, model_unavailable, backend_failed */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description deadline_exceeded */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listJobs: {
        parameters: {
            query?: {
                /** @description A `next_cursor`. */
                cursor?: string;
                /** @description Whether each job has all but its results, as `GET /v1/jobs/{id}`. A page has 100 such jobs at most. */
                details?: "true" | "false";
                /** @description The most entries of a page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The jobs. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobList"];
                };
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getJob: {
        parameters: {
            query?: {
                /** @description A `next_cursor`. */
                cursor?: string;
                /** @description The most entries of a page. */
                limit?: number;
            };
            header?: {
                /** @description The id of the last event that was received. */
                "Last-Event-ID"?: string;
            };
            path: {
                /** @description The job's id, chosen by you. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The job. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Job"];
                    "text/event-stream": unknown;
                };
            };
            /** @description The job has ended, and the client has received all events. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    putJob: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The job's id, chosen by you. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateJobRequest"];
            };
        };
        responses: {
            /** @description It was there. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobSummary"];
                };
            };
            /** @description It is there now. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobSummary"];
                };
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_quota, key_budget_exceeded */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description request_timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description payload_too_large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported_media_type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description job_id_reused */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded, too_many_jobs, server_busy */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    deleteJob: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The job's id, chosen by you. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description job_not_ended */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    cancelJob: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The job's id, chosen by you. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The job. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobSummary"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getJobEvents: {
        parameters: {
            query?: never;
            header?: {
                /** @description The id of the last event that was received. */
                "Last-Event-ID"?: string;
            };
            path: {
                /** @description The job's id, chosen by you. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The events. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": unknown;
                };
            };
            /** @description The job has ended, and the client has received all events. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    redeliverWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The job's id, chosen by you. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What became of the delivery. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookAttempt"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description job_not_ended, job_without_webhook */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listOwnKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The keys. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnKeyList"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listLatents: {
        parameters: {
            query?: {
                /** @description A `next_cursor`. */
                cursor?: string;
                /** @description The most entries of a page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The latents. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LatentList"];
                };
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    putLatent: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name for this request: a repeat with the same name and body is charged once. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/octet-stream": Blob;
            };
        };
        responses: {
            /** @description The account had it already; free of charge. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Latent"];
                };
            };
            /** @description Stored. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Latent"];
                };
            };
            /** @description invalid_request, content_policy_violation */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description key_budget_exceeded, insufficient_quota */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended, model_not_allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description model_not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description request_timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description job_cancelled */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description idempotent_result_gone */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description payload_too_large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported_media_type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description idempotency_key_reused */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded, concurrency_limit_exceeded, backend_overloaded, server_busy */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description moderation_unavailable, backend_unavailable, model_unavailable, backend_failed */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description deadline_exceeded */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getLatent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A latent's id, from an answer. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": Blob;
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    deleteLatent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A latent's id, from an answer. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Deleted. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletedLatent"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    decodeLatent: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name for this request: a repeat with the same name and body is charged once. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description A latent's id, from an answer. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DecodeLatentRequest"];
            };
        };
        responses: {
            /** @description The pictures. */
            200: {
                headers: {
                    /** @description Names the request. */
                    "x-request-id"?: string;
                    /** @description Seconds since the latent of each picture was made. */
                    "x-wuerstchen-age-seconds"?: string;
                    /** @description What was charged, in micro-USD. */
                    "x-wuerstchen-cost-micro-usd"?: string;
                    /** @description The seed of each picture. */
                    "x-wuerstchen-seed"?: string;
                    /** @description Whether each picture is of a prompt that is only nearly the same; absent when none is. */
                    "x-wuerstchen-similar"?: string;
                    /** @description Which tier served each picture. */
                    "x-wuerstchen-tier"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImagesResponse"];
                    "image/jpeg": Blob;
                    "image/png": Blob;
                    "image/webp": Blob;
                };
            };
            /** @description invalid_request, content_policy_violation */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description key_budget_exceeded, insufficient_quota */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended, model_not_allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description model_not_found, not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description request_timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description job_cancelled */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description idempotent_result_gone */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description payload_too_large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported_media_type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description idempotency_key_reused */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded, concurrency_limit_exceeded, backend_overloaded, server_busy */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description moderation_unavailable, backend_unavailable, model_unavailable, backend_failed */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description deadline_exceeded */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    interpolateLatents: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name for this request: a repeat with the same name and body is charged once. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description A latent's id, from an answer. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InterpolateLatentsRequest"];
            };
        };
        responses: {
            /** @description The pictures. */
            200: {
                headers: {
                    /** @description Names the request. */
                    "x-request-id"?: string;
                    /** @description Seconds since the latent of each picture was made. */
                    "x-wuerstchen-age-seconds"?: string;
                    /** @description What was charged, in micro-USD. */
                    "x-wuerstchen-cost-micro-usd"?: string;
                    /** @description The seed of each picture. */
                    "x-wuerstchen-seed"?: string;
                    /** @description Whether each picture is of a prompt that is only nearly the same; absent when none is. */
                    "x-wuerstchen-similar"?: string;
                    /** @description Which tier served each picture. */
                    "x-wuerstchen-tier"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImagesResponse"];
                    "image/jpeg": Blob;
                    "image/png": Blob;
                    "image/webp": Blob;
                };
            };
            /** @description invalid_request, content_policy_violation */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description key_budget_exceeded, insufficient_quota */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended, model_not_allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description model_not_found, not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description request_timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description job_cancelled */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description idempotent_result_gone */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description payload_too_large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported_media_type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description idempotency_key_reused */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded, concurrency_limit_exceeded, backend_overloaded, server_busy */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description moderation_unavailable, backend_unavailable, model_unavailable, backend_failed */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description deadline_exceeded */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    varyLatent: {
        parameters: {
            query?: never;
            header?: {
                /** @description A name for this request: a repeat with the same name and body is charged once. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description A latent's id, from an answer. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VaryLatentRequest"];
                "multipart/form-data": components["schemas"]["VaryLatentForm"];
            };
        };
        responses: {
            /** @description The pictures, and how each was served. */
            200: {
                headers: {
                    /** @description Names the request. */
                    "x-request-id"?: string;
                    /** @description Seconds since the latent of each picture was made. */
                    "x-wuerstchen-age-seconds"?: string;
                    /** @description What was charged, in micro-USD. */
                    "x-wuerstchen-cost-micro-usd"?: string;
                    /** @description The seed of each picture. */
                    "x-wuerstchen-seed"?: string;
                    /** @description Whether each picture is of a prompt that is only nearly the same; absent when none is. */
                    "x-wuerstchen-similar"?: string;
                    /** @description Which tier served each picture. */
                    "x-wuerstchen-tier"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImagesResponse"];
                    "image/jpeg": Blob;
                    "image/png": Blob;
                    "image/webp": Blob;
                    "text/event-stream": unknown;
                };
            };
            /** @description invalid_request, content_policy_violation */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description key_budget_exceeded, insufficient_quota */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended, model_not_allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description model_not_found, not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description request_timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description job_cancelled */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description idempotent_result_gone */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description payload_too_large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported_media_type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description idempotency_key_reused */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded, concurrency_limit_exceeded, backend_overloaded, server_busy */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description moderation_unavailable, backend_unavailable, model_unavailable, backend_failed */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description deadline_exceeded */
            504: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listModels: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The models. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelList"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getModel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A model's id. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The model. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Model"];
                };
            };
            /** @description model_not_allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description model_not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    createQuote: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateQuoteRequest"];
            };
        };
        responses: {
            /** @description The quote. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Quote"];
                };
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended, model_not_allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description model_not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description request_timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description payload_too_large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported_media_type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded, server_busy */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    listReceipts: {
        parameters: {
            query?: {
                /** @description A `next_cursor`. */
                cursor?: string;
                /** @description Takes precedence over `Accept: text/csv`. */
                format?: "json" | "csv";
                /** @description The most entries of a page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The receipts. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReceiptList"];
                    "text/csv": string;
                };
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    stripeWebhook: {
        parameters: {
            query?: never;
            header: {
                /** @description Stripe's signature of the body. */
                "Stripe-Signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StripeEvent"];
            };
        };
        responses: {
            /** @description Received; Stripe need not send it again. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StripeReceipt"];
                };
            };
            /** @description invalid_signature */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description request_timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description payload_too_large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported_media_type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded, server_busy */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    createTopup: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TopupRequest"];
            };
        };
        responses: {
            /** @description Where to pay. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Topup"];
                };
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description not_found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description request_timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description payload_too_large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported_media_type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded, server_busy */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description checkout_unavailable */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getUsage: {
        parameters: {
            query?: {
                /** @description A `next_cursor`. */
                cursor?: string;
                /** @description Takes precedence over `Accept: text/csv`. */
                format?: "json" | "csv";
                /** @description What the charges of each day are told apart by. */
                group_by?: "kind" | "key" | "tier" | "key,kind" | "key,tier" | "kind,tier" | "key,kind,tier";
                /** @description The most entries of a page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The days. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsageList"];
                    "text/csv": string;
                };
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    verifyPicture: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "image/jpeg": Blob;
                "image/png": Blob;
                "image/webp": Blob;
            };
        };
        responses: {
            /** @description The result. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Verification"];
                };
            };
            /** @description invalid_request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description request_timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description payload_too_large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description unsupported_media_type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded, server_busy */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    getWebhookSecret: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The secret. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookSecret"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    rotateWebhookSecret: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The new secret. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookSecret"];
                };
            };
            /** @description missing_api_key, invalid_api_key */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description insufficient_scope, account_suspended */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description rate_limit_exceeded */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
            /** @description internal */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
}
