/** The API as a typed client sees it; every reply is held against the OpenAPI document. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import createClient, { type Middleware } from 'openapi-fetch';
import { routes } from '../../functions/registry.ts';
import { openApiDocument } from '../../shared/platform/openapi.ts';
import type { paths } from '../http/api.d.ts';

const document = openApiDocument(routes);
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(document as object, 'api');

function pointer(...parts: readonly string[]): string {
  return `api#/${parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
}

/** Throws unless the document says that this operation may answer so. `path` is the template, `/api/events/{eventId}`. */
export async function checkReply(method: string, path: string, response: Response): Promise<void> {
  const operation = document.paths?.[path]?.[method.toLowerCase() as 'get'];
  const where = `${method} ${path} → ${response.status}`;
  if (!operation) throw new Error(`${where}: the document does not know the operation`);
  const named = operation.responses?.[String(response.status) as '200'];
  const ref = named && '$ref' in named ? named.$ref.split('/').slice(1) : undefined;
  const described = ref ? document.components?.responses?.[ref.at(-1) ?? ''] : named;
  if (!described || !('description' in described)) throw new Error(`${where}: the document does not know the status`);
  const type = response.headers.get('content-type')?.split(';')[0] ?? '';
  const known = Object.keys(described.content ?? {});
  const text = await response.clone().text();
  if (known.length === 0) {
    if (text !== '') throw new Error(`${where}: a body where the document has none`);
    return;
  }
  if (!known.includes(type)) throw new Error(`${where}: ${type} is not one of ${known.join(', ')}`);
  if (!type.endsWith('json')) return;
  const place = ref ?? ['paths', path, method.toLowerCase(), 'responses', String(response.status)];
  const schema = pointer(...place, 'content', type, 'schema');
  const validate = ajv.getSchema(schema) ?? ajv.compile({ $ref: schema });
  if (!validate(JSON.parse(text))) {
    throw new Error(`${where}: ${ajv.errorsText(validate.errors)} in ${text.slice(0, 500)}`);
  }
}

const checking: Middleware = {
  async onResponse({ request, response, schemaPath }) {
    await checkReply(request.method, schemaPath, response);
    return undefined;
  },
};

export type Api = ReturnType<typeof createClient<paths>>;

/** A typed client of a running host, signed in when a token is given. */
export function apiClient(origin: string, token?: string): Api {
  const client = createClient<paths>({
    baseUrl: origin,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
  client.use(checking);
  return client;
}
