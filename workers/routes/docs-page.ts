import type { Handler } from "hono";
import type { AppEnv } from "../middleware/app-env.ts";

/**
 * Scalar's reference page, MIT, as npm has it: 4.3 MB that a Worker need not carry. The browser refuses the file when a
 * byte of it is not the one that was looked at here.
 */
const viewer = {
  url: "https://cdn.jsdelivr.net/npm/@scalar/api-reference@1.72.1/dist/browser/standalone.js",
  integrity: "sha384-U11tb2XnKvmwt8RlTvnwUnYgrN+ur4Xyh9htLhjajWNR/Oyl5AX5DEz00qRmlrmK",
};

/** Nothing but the viewer runs here, and it talks to this service alone. Its styles are written by its script. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src https://cdn.jsdelivr.net",
  "style-src 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>wuerstchen-edge API</title>
</head>
<body><noscript>This page needs JavaScript; <a href="/openapi.json">/openapi.json</a> does not.</noscript>
<script id="api-reference" data-url="/openapi.json" data-configuration='{"withDefaultFonts":false,"telemetry":false,"agent":{"disabled":true},"hideClientButton":true,"showDeveloperTools":"never","mcp":{"disabled":true}}'></script>
<script src="${viewer.url}" integrity="${viewer.integrity}" crossorigin="anonymous"></script>
</body>
</html>
`;

/** `GET /docs`: the reference that people read, made from `/openapi.json`. */
export function getDocsPage(): Handler<AppEnv> {
  return (c) =>
    c.html(page, 200, {
      "cache-control": "public, max-age=300",
      "content-security-policy": contentSecurityPolicy,
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    });
}
