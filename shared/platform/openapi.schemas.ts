/** What the OpenAPI document says otherwise than the schemas it is made from: patches, marks, examples. */
import type { createDocument } from 'zod-openapi';
import type { Route } from './route.ts';

type JsonSchema = Record<string, unknown>;
export type OpenApiDocument = ReturnType<typeof createDocument>;

/** Marks of ours that JSON Schema does not know get the prefix of extensions. */
export function extensionsNamed(schema: JsonSchema): void {
  if (typeof schema.personal !== 'string') return;
  schema['x-personal'] = schema.personal;
  delete schema.personal;
}

/**
 * Pages that try requests out fill parameters in with their `example`, and so would filter every list by all it knows.
 * `examples` is only shown.
 */
export function leaveOptionalEmpty(document: OpenApiDocument, { method, path }: Route): void {
  const operation = document.paths?.[`/api/${path}`]?.[method.toLowerCase() as 'get'];
  for (const parameter of operation?.parameters ?? []) {
    if (!('in' in parameter) || parameter.in !== 'query' || parameter.required) continue;
    const { example, ...schema } = parameter.schema as JsonSchema;
    if (example !== undefined) parameter.schema = { ...schema, examples: [example] };
  }
}

/** The body of a PATCH: a merge patch of the fields, whose schema is that of the PUT. */
export function describePatch(document: OpenApiDocument, route: Route): void {
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
