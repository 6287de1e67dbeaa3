/** The OpenAPI 3.1 document, derived from the routes; loaded on first use. */
import * as z from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { Problem, refusalsOf, responsesOf, showsOne } from './openapi.responses.ts';
import { describePatch, extensionsNamed, leaveOptionalEmpty, type OpenApiDocument } from './openapi.schemas.ts';
import type { Route } from './route.ts';

/** `POST events/{eventId}/approve` → `postEventsByEventIdApprove`. */
function operationId(route: Route): string {
  const words = route.path
    .replace(/\{(\w+)\}/g, (_, name: string) => `by-${name}`)
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');
  return route.method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
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

/** The groups in the order in which a newcomer needs them. */
const groups: Readonly<Record<string, string>> = {
  Identity: 'Signing up, in and out; passwords',
  Customers: 'Who events are for: contacts, addresses, communications, import and export',
  Venues: 'Where events take place: capacity, opening hours, photos, when they are free',
  Events: 'From enquiry to archive: booking, moving, and the steps of their life',
  'Event notes': 'What the team and the customer write on an event',
  'Event types': 'What sorts of events there are',
  Equipment: 'What stands in the warehouse: stock, condition, specifications, photos, retirement',
  'Equipment reservations': 'Units taken for events: orders, conflicts and alternatives, confirmation',
  'Equipment logistics': 'Out of the warehouse to the venue and back, step by step',
  'Equipment maintenance': 'Inspections, preventive work and repairs, and the units they take',
  'Equipment damage': 'What broke, how badly, and what it costs',
  Notifications: 'What a user is told, on the page, on a socket and by mail',
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
