/** The OpenAPI 3.1 document, derived from the routes; loaded on first use. */
import { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi';
import { codes, type RefusalCode } from './refusal.ts';
import type { Route } from './route.ts';

type JsonSchema = Record<string, unknown>;

const problemCodes = Object.keys(codes) as RefusalCode[];

const Problem = z
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
function refusalsOf(route: Route): readonly RefusalCode[] {
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

/** `POST events/{eventId}/approve` → `postEventsByEventIdApprove`. */
function operationId(route: Route): string {
  const words = route.path
    .replace(/\{(\w+)\}/g, (_, name: string) => `by-${name}`)
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');
  return route.method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
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

function responsesOf(route: Route): ZodOpenApiResponsesObject {
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

function bodyOf(route: Route): ZodOpenApiOperationObject['requestBody'] {
  if (route.file) {
    const file = { type: 'string' as const, contentMediaType: 'application/octet-stream' };
    const schema = { type: 'object' as const, properties: { file }, required: ['file'] };
    return { required: true, content: { 'multipart/form-data': { schema } } };
  }
  if (!route.body) return undefined;
  const required = route.revises !== undefined || !route.body.safeParse({}).success;
  return { required, content: { 'application/json': { schema: route.body } } };
}

/** Whether it shows a single resource, whose ETag may save sending it again. */
function showsOne(route: Route): boolean {
  return route.method === 'GET' && route.reply !== undefined && !route.list && !route.cacheable;
}

/** Parameters that are no slice's business. */
function commonParameters(route: Route) {
  const parameter = (where: 'header' | 'query', name: string, description: string, bounds: object = {}) => ({
    name,
    in: where,
    schema: { type: 'string' as const, ...bounds },
    description,
  });
  const key = parameter('header', 'Idempotency-Key', 'Makes retries safe; kept 24 hours', {
    minLength: 1,
    maxLength: 255,
  });
  const match = parameter('header', 'If-Match', 'ETag of the version meant; 412 when stale');
  const noneMatch = parameter('header', 'If-None-Match', 'ETags of versions at hand; 304 when one is still right');
  const token = parameter('query', 'access_token', 'Instead of the header, for plain links (REQ-AUTH-004)');
  return [
    ...(route.method === 'POST' ? [key] : []),
    ...(refusalsOf(route).includes('stale') ? [match] : []),
    ...(showsOne(route) ? [noneMatch] : []),
    ...(route.tokenInQuery ? [token] : []),
  ];
}

function accessText(route: Route): string {
  if (route.access === 'public') return 'Open to anyone.';
  if (route.access === 'signedIn') return 'For anyone signed in.';
  return `Needs the privilege \`${route.access}\`.`;
}

function operationOf(route: Route): ZodOpenApiOperationObject {
  const requestBody = bodyOf(route);
  return {
    operationId: operationId(route),
    tags: [route.tag],
    summary: route.summary,
    description: [route.description, accessText(route)].filter(Boolean).join('\n\n'),
    security: route.access === 'public' ? [] : [{ bearer: [] }],
    ...(route.access.includes(':') ? { 'x-privilege': route.access } : {}),
    requestParams: {
      ...(Object.keys(route.params.shape).length > 0 ? { path: route.params } : {}),
      ...(route.query instanceof z.ZodObject && Object.keys(route.query.shape).length > 0
        ? { query: route.query }
        : {}),
    },
    parameters: commonParameters(route),
    ...(requestBody ? { requestBody } : {}),
    responses: responsesOf(route),
  };
}

/** A merge patch of what `schema` describes: nothing is required, what is optional may be `null`, nested the same. */
function mergePatchOf(schema: JsonSchema, resolve: (ref: string) => JsonSchema): JsonSchema {
  if (typeof schema.$ref === 'string') return mergePatchOf(resolve(schema.$ref), resolve);
  const properties = schema.properties as Record<string, JsonSchema> | undefined;
  if (!properties) return schema;
  const required = (schema.required as string[] | undefined) ?? [];
  const entries = Object.entries(properties).map(([name, property]) => {
    const { default: _, ...patch } = mergePatchOf(property, resolve);
    return [
      name,
      required.includes(name) && property.default === undefined ? patch : { anyOf: [patch, { type: 'null' }] },
    ];
  });
  const { required: _, default: __, id: ___, ...rest } = schema;
  return { ...rest, properties: Object.fromEntries(entries) };
}

/** The groups in the order in which a newcomer needs them. */
const groups: Readonly<Record<string, string>> = {
  Identity: 'Signing up, in and out; passwords',
  Customers: 'Who events are for: contacts, addresses, communications, import and export',
  Venues: 'Where events take place: capacity, opening hours, photos, when they are free',
  Events: 'From enquiry to archive: booking, moving, and the steps of their life',
  'Event notes': 'What the team and the customer write on an event',
  'Event types': 'What sorts of events there are',
  Organization: 'Its name, country, time zone and currency',
  Users: 'Who works here, and the own profile',
  Roles: 'What users may do',
  Invitations: 'How users come in',
  Sessions: 'Where users are signed in',
  About: 'Health, and this reference',
};

function tagsOf(routes: readonly Route[]) {
  const used = new Set(routes.map(({ tag }) => tag));
  const known = Object.keys(groups).filter((name) => used.has(name));
  return [...new Set([...known, ...used])].map((name) => ({ name, description: groups[name] ?? name }));
}

export type OpenApiDocument = ReturnType<typeof createDocument>;

/** The document of some routes. Throws when two share method and path. */
export function openApiDocument(routes: readonly Route[]): OpenApiDocument {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const route of routes) {
    const path = `/api/${route.path}`;
    const methods = paths[path] ?? {};
    paths[path] = methods;
    const method = route.method.toLowerCase();
    if (methods[method]) throw new Error(`Two routes are ${route.method} ${path}`);
    methods[method] = operationOf(route);
  }
  const document = createDocument(
    {
      openapi: '3.1.0',
      info: {
        title: 'Marquee',
        version: '1.0.0',
        description:
          'The backend that runs an event company, from first enquiry to final payment.\n\n' +
          'Sign in with POST /api/identity/authenticate and send the access token as a bearer token.',
        license: { name: 'Proprietary', url: 'https://marquee.example/license' },
      },
      servers: [{ url: '/', description: 'This server' }],
      tags: tagsOf(routes),
      paths: paths as ZodOpenApiPathsObject,
      components: {
        schemas: { Problem },
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: 'The `accessToken` that signing in answers with; good for 15 minutes.',
          },
        },
      },
    },
    { override: ({ jsonSchema }) => extensionsNamed(jsonSchema) },
  );
  for (const route of routes) if (route.revises === 'patch') describePatch(document, route);
  for (const route of routes) leaveOptionalEmpty(document, route);
  return document;
}

/** Marks of ours that JSON Schema does not know get the prefix of extensions. */
function extensionsNamed(schema: JsonSchema): void {
  if (typeof schema.personal !== 'string') return;
  schema['x-personal'] = schema.personal;
  delete schema.personal;
}

/**
 * Pages that try requests out fill parameters in with their `example`, and so would filter every list by all it knows.
 * `examples` is only shown.
 */
function leaveOptionalEmpty(document: OpenApiDocument, { method, path }: Route): void {
  const operation = document.paths?.[`/api/${path}`]?.[method.toLowerCase() as 'get'];
  for (const parameter of operation?.parameters ?? []) {
    if (!('in' in parameter) || parameter.in !== 'query' || parameter.required) continue;
    const { example, ...schema } = parameter.schema as JsonSchema;
    if (example !== undefined) parameter.schema = { ...schema, examples: [example] };
  }
}

function describePatch(document: OpenApiDocument, route: Route): void {
  const schemas = (document.components?.schemas ?? {}) as Record<string, JsonSchema>;
  const operation = document.paths?.[`/api/${route.path}`]?.patch;
  const body = operation?.requestBody;
  if (!body || !('content' in body)) return;
  const media = body.content?.['application/json'];
  if (!media) return;
  const resolve = (ref: string) => schemas[ref.split('/').at(-1) ?? ''] ?? {};
  const schema = mergePatchOf(media.schema as JsonSchema, resolve);
  const patch = { ...media, schema } as typeof media;
  body.content = { 'application/json': patch, 'application/merge-patch+json': patch };
}
