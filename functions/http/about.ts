/** The API about itself: health, the OpenAPI document and the interactive reference. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import * as z from 'zod';
import { health } from '../../shared/platform/health.ts';
import { Refusal } from '../../shared/platform/refusal.ts';
import { type Route, route } from '../../shared/platform/route.ts';

const tag = 'About';
const open = { tag, access: 'public', budget: 'none', cacheable: true } as const;

const PartHealth = z
  .object({ state: z.enum(['up', 'degraded', 'down']), milliseconds: z.number() })
  .meta({ id: 'PartHealth' });

const live = route({
  ...open,
  method: 'GET',
  path: 'health/live',
  summary: 'Whether the process answers',
  reply: z.object({ status: z.literal('live') }),
  handle: async () => ({ body: { status: 'live' as const } }),
});

const ready = route({
  ...open,
  method: 'GET',
  path: 'health/ready',
  summary: 'Whether store, bus, blobs and real time answer',
  reply: z.object({ status: z.literal('ready'), parts: z.record(z.string(), PartHealth) }),
  refusals: ['unavailable'],
  async handle(_, { platform }) {
    const { ready, parts } = await health(platform.probes);
    if (!ready) throw new Refusal('unavailable', 'Not every part answers.', { retryAfter: 5, parts });
    return { body: { status: 'ready' as const, parts }, headers: { 'cache-control': 'no-store' } };
  },
});

const require = createRequire(import.meta.url);
async function asset(name: string): Promise<string> {
  return readFile(require.resolve(`swagger-ui-dist/${name}`), 'utf8');
}

/** The page; `folder` is the path of its parts, from the root, so that it works with a slash behind its address too. */
const pageOf = (folder: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Marquee API</title>
<link rel="stylesheet" href="${folder}/swagger-ui.css">
<link rel="icon" href="data:,">
<style>
body { margin: 0; background: #fff; }
.swagger-ui .info { margin: 32px 0 0; }
.swagger-ui .scheme-container { margin: 0; padding: 0 0 16px; background: none; box-shadow: none; }
.swagger-ui .servers, .swagger-ui .servers-title { display: none; }
.swagger-ui .responses-table .response:not([data-code^="2"]) :is(.response-controls, .model-example) { display: none; }
.swagger-ui .responses-table .response td { padding-top: 6px; }
</style>
</head>
<body>
<div id="reference"></div>
<script src="${folder}/swagger-ui.js"></script>
<script src="${folder}/start.js"></script>
</body>
</html>
`;

const START = `window.SwaggerUIBundle({
  url: new URL('../openapi.json', document.currentScript.src).href,
  dom_id: '#reference',
  deepLinking: true,
  filter: true,
  persistAuthorization: true,
  docExpansion: 'none',
  validatorUrl: null,
});
`;

const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const page = route({
  ...open,
  method: 'GET',
  path: 'docs',
  summary: 'The interactive reference',
  produces: 'text/html',
  handle: async ({ request: { baseUrl } }) => ({
    content: pageOf(`${new URL(baseUrl).pathname.replace(/\/$/, '')}/api/docs`),
    headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': PAGE_POLICY },
  }),
});

/** A file of the reference page; versioned by the installed package, so caches ask again after an hour. */
function pageFile(name: string, type: string, content: () => Promise<string>): Route {
  return route({
    ...open,
    method: 'GET',
    path: `docs/${name}`,
    summary: `Part of the reference page: ${name}`,
    produces: type,
    handle: async () => ({
      content: await content(),
      headers: { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'public, max-age=3600' },
    }),
  });
}

/** `all` gives every route, these included, once they are collected. */
export function aboutRoutes(all: () => readonly Route[]): readonly Route[] {
  let document: string | undefined;
  const openApi = route({
    ...open,
    method: 'GET',
    path: 'openapi.json',
    summary: 'This document',
    reply: z.looseObject({ openapi: z.string() }),
    async handle() {
      if (document === undefined) {
        const { openApiDocument } = await import('../../shared/platform/openapi.ts');
        document = JSON.stringify(openApiDocument(all()));
      }
      return { content: document, headers: { 'content-type': 'application/json; charset=utf-8' } };
    },
  });
  return [
    live,
    ready,
    openApi,
    page,
    pageFile('swagger-ui.css', 'text/css', () => asset('swagger-ui.css')),
    pageFile('swagger-ui.js', 'text/javascript', () => asset('swagger-ui-bundle.js')),
    pageFile('start.js', 'text/javascript', async () => START),
  ];
}
