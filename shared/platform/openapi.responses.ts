/** What a route can answer, for the OpenAPI document. */
import * as z from 'zod';
import type { ZodOpenApiResponsesObject } from 'zod-openapi';
import { codes, type RefusalCode } from './refusal.ts';
import type { Route } from './route.ts';

const problemCodes = Object.keys(codes) as RefusalCode[];

export const Problem = z
  .looseObject({
    type: z.enum(problemCodes.map((code) => `urn:marquee:problem:${code}`)),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    traceId: z.string(),
    errors: z
      .array(z.object({ path: z.string(), code: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'For `invalid`: every field at fault' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457. Each code adds fields of its own; docs/errors.md lists them.' });

/** Every refusal a route of this shape can answer with. */
export function refusalsOf(route: Route): readonly RefusalCode[] {
  const found = new Set<RefusalCode>(['invalid', 'internal', 'unavailable', 'not_acceptable', ...route.refusals]);
  if (route.access !== 'public') found.add('unauthenticated');
  if (route.access.includes(':')) found.add('forbidden');
  if (Object.keys(route.params.shape).length > 0) found.add('not_found');
  if (route.budget !== 'none') found.add('too_many_requests');
  if (route.body || route.file || route.method === 'POST')
    for (const code of ['too_large', 'unsupported_media_type'] as const) found.add(code);
  if (route.method === 'POST') for (const code of ['in_progress', 'key_reused'] as const) found.add(code);
  if (takesIfMatch(route)) found.add('stale');
  return problemCodes.filter((code) => found.has(code));
}

function takesIfMatch(route: Route): boolean {
  return route.method !== 'GET' && Object.keys(route.params.shape).length > 0;
}

/** Whether it shows a single resource, whose ETag may save sending it again. */
export function showsOne(route: Route): boolean {
  return route.method === 'GET' && route.reply !== undefined && !route.list && !route.cacheable;
}

function textHeader(description: string) {
  return { description, schema: { type: 'string' as const } };
}

interface ProblemResponse {
  readonly id: string;
  readonly description: string;
  readonly content: Record<
    string,
    { readonly schema: z.ZodType; readonly examples: Record<string, { value: object }> }
  >;
}
const problemResponses = new Map<string, ProblemResponse>();

/** The response of some codes of one status; named and the same value every time, so that the document holds it once. */
function problemResponse(of: readonly RefusalCode[]): ProblemResponse {
  const id = of.map((code) => code.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())).join('Or');
  const known = problemResponses.get(id);
  if (known) return known;
  const description = of.map((code) => `\`${code}\`: ${codes[code].when}`).join('; ');
  const examples = Object.fromEntries(of.map((code) => [code, { value: exampleOf(code) }]));
  const made = { id, description, content: { 'application/problem+json': { schema: Problem, examples } } };
  problemResponses.set(id, made);
  return made;
}

function exampleOf(code: RefusalCode): object {
  const { status, title } = codes[code];
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  return { type: `urn:marquee:problem:${code}`, title, status, detail: `${title}.`, instance: '/api/events', traceId };
}

/** Every response a route of this shape can give, its own success first. */
export function responsesOf(route: Route): ZodOpenApiResponsesObject {
  const headers: Record<string, ReturnType<typeof textHeader>> = {
    'X-Correlation-Id': textHeader('Given or made; in every log line, fact and reply'),
  };
  if (route.reply && !route.list) headers.ETag = textHeader('Version of the resource, where a single one is shown');
  if (route.status === 201) headers.Location = textHeader('Address of what was made');
  const byStatus = new Map<number, RefusalCode[]>();
  for (const code of refusalsOf(route)) {
    const { status } = codes[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const content = route.produces
    ? { [route.produces]: { schema: { type: 'string' as const } } }
    : route.reply && { 'application/json': { schema: route.reply } };
  return {
    [String(route.status)]: {
      description:
        route.status === 201 ? 'Made' : route.status === 204 ? 'Done' : route.status === 202 ? 'Accepted' : 'OK',
      headers,
      ...(content ? { content } : {}),
    },
    ...(showsOne(route) ? { '304': { description: 'Not changed since' } } : {}),
    ...Object.fromEntries([...byStatus].map(([status, of]) => [String(status), problemResponse(of)])),
  } as ZodOpenApiResponsesObject;
}
