import { DurableObject } from "cloudflare:workers";

// The least that a Worker could do: what the edge's speed is measured against.

const cachedUrl = "https://cache.invalid/picture";

export class Row extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER)");
  }

  write() {
    this.ctx.storage.sql.exec("INSERT INTO rows (at) VALUES (?)", Date.now());
    return 1;
  }
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/prepare") {
      const body = await request.arrayBuffer();
      await caches.default.put(cachedUrl, new Response(body, { headers: { "cache-control": "max-age=3600" } }));
      await env.KV.put("key", "account");
      await env.BUCKET.put("latent", new Uint8Array(2_048));
      return new Response("ready");
    }
    if (pathname === "/image") return (await caches.default.match(cachedUrl)) ?? new Response("", { status: 404 });
    const account = await env.KV.get("key");
    await env.ROW.get(env.ROW.idFromName(account)).write();
    const latent = await (await env.BUCKET.get("latent")).arrayBuffer();
    return Response.json({ account, bytes: latent.byteLength });
  },
};
