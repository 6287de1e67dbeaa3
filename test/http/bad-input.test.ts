import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes } from '../../functions/registry.ts';
import { openApiDocument } from '../../shared/platform/openapi.ts';
import type { Route } from '../../shared/platform/route.ts';
import { apiClient, checkReply } from '../support/client.ts';
import { PASSWORD, startTestHost, type TestHost, type TestOrganization } from '../support/host.ts';
import { almost, oddText } from '../support/odd.ts';

type JsonSchema = { readonly [key: string]: unknown };

const document = openApiDocument(routes);
const schemas = (document.components?.schemas ?? {}) as Record<string, JsonSchema>;
const resolve = (ref: string): JsonSchema => schemas[ref.split('/').at(-1) ?? ''] ?? {};

/** What no reply may ever show. */
const INSIDE = /node_modules|sqlite|libsql|ZodError|TypeError|RangeError|at \w+ \(|\.ts:\d+|\/work\/|\/tmp\//i;
const PATIENCE_MS = 10_000;
/** Node takes 16 KiB of address and headers; longer ones have a test of their own. */
const LONGEST_PARAMETER = 1500;

let host: TestHost;
let organization: TestOrganization;
let token: string;

beforeAll(async () => {
  host = await startTestHost();
  organization = await host.organization();
  token = organization.admin.token;
}, 60_000);
afterAll(() => host.close());

function bodySchema(route: Route): JsonSchema | undefined {
  const operation = document.paths?.[`/api/${route.path}`]?.[route.method.toLowerCase() as 'post'];
  const body = operation?.requestBody;
  if (!body || !('content' in body)) return undefined;
  return body.content?.['application/json']?.schema as JsonSchema | undefined;
}

function querySchemas(route: Route): [string, JsonSchema][] {
  const operation = document.paths?.[`/api/${route.path}`]?.[route.method.toLowerCase() as 'get'];
  return (operation?.parameters ?? []).flatMap((parameter) =>
    'in' in parameter && parameter.in === 'query' ? [[parameter.name, (parameter.schema ?? {}) as JsonSchema]] : [],
  );
}

const names = (route: Route) => [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');

function requests(route: Route) {
  const body = bodySchema(route);
  const query = querySchemas(route);
  return fc.record({
    params: fc.tuple(...names(route).map(() => fc.oneof(fc.uuid(), oddText))),
    query: fc.record(Object.fromEntries(query.map(([name, schema]) => [name, almost(schema, resolve)])), {
      requiredKeys: [],
    }),
    extra: fc.option(fc.tuple(oddText, oddText), { freq: 6 }),
    body: body ? almost(body, resolve) : fc.constant(undefined),
  });
}

async function sent(
  route: Route,
  made: { params: string[]; query: Record<string, unknown>; extra: [string, string] | null; body: unknown },
) {
  let at = 0;
  const path = route.path.replace(/\{\w+\}/g, () => {
    const value = (made.params[at++] ?? '').toWellFormed();
    return value === '' || value === '.' || value === '..' ? '%20' : encodeURIComponent(value);
  });
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(made.query)) {
    const text = typeof value === 'string' ? value.toWellFormed() : (JSON.stringify(value) ?? '');
    search.set(name, text.slice(0, LONGEST_PARAMETER));
  }
  if (made.extra)
    search.append(
      made.extra[0].toWellFormed().slice(0, LONGEST_PARAMETER),
      made.extra[1].toWellFormed().slice(0, LONGEST_PARAMETER),
    );
  return fetch(`${host.origin}/api/${path}?${search}`, {
    method: route.method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    signal: AbortSignal.timeout(PATIENCE_MS),
    ...(route.method === 'GET' || made.body === undefined ? {} : { body: JSON.stringify(made.body) }),
  });
}

/** Some input is valid, and one of those routes ends the session it came with. */
async function stillSignedIn(): Promise<void> {
  const { response } = await apiClient(host.origin, token).GET('/api/users/me');
  if (response.status !== 401) return;
  const { data } = await apiClient(host.origin).POST('/api/identity/authenticate', {
    body: { username: organization.admin.username, password: PASSWORD },
  });
  if (data) token = data.accessToken;
}

describe('whatever is sent, no route fails, hangs or shows its inside', () => {
  test.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))('%s', async (_, route) => {
    await stillSignedIn();
    await fc.assert(
      fc.asyncProperty(requests(route), async (made) => {
        const response = await sent(route, made);
        const text = await response.clone().text();
        expect(response.status, text).toBeLessThan(500);
        if (response.status >= 400) {
          expect(response.headers.get('content-type')).toContain('application/problem+json');
          expect(text).not.toMatch(INSIDE);
        }
        // An odd path may have become another address; only the route's own replies are held to its description.
        if (response.status !== 404 && response.status !== 405) {
          await checkReply(route.method, `/api/${route.path}`, response);
        }
      }),
      { numRuns: 40, interruptAfterTimeLimit: 20_000 },
    );
  });
});
