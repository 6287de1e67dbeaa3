/** Reads request bodies with a bound: JSON, and one file of a multipart form, as the route takes them. */
import type { BusboyInstance } from '@fastify/busboy';
import * as z from 'zod';
import { messageOf } from './errors.ts';
import type { RawRequest } from './http.ts';
import { isObject } from './merge-patch.ts';
import { type FieldError, invalid, invalidAll, Refusal } from './refusal.ts';
import type { Route, Upload } from './route.ts';
import { openSpool, type Spool } from './spool.ts';
import { parsed } from './validation.ts';

/** Most bytes of a JSON body (1 MiB). */
const JSON_LIMIT = 1024 * 1024;
/** Room for the envelope of a multipart form around its file. */
const FORM_OVERHEAD = 64 * 1024;
/** Deepest nesting of a JSON body. */
const DEEPEST = 64;

function tooLarge(limit: number): Refusal {
  return new Refusal('too_large', `The body may have at most ${limit} bytes.`, { limit });
}

function declaredLength(request: RawRequest): number {
  return Number(request.header('content-length') ?? 0);
}

/** A client that goes away in the middle is no fault of ours. */
function incomplete(): Refusal {
  return invalid('body', 'incomplete', 'ended before it was whole');
}

/** The body as it comes. */
async function* chunksOf({ body }: RawRequest): AsyncGenerator<Uint8Array> {
  try {
    yield* body ?? [];
  } catch {
    throw incomplete();
  }
}

/** The whole body; throws `too_large` as soon as it is known to be over the limit, before it is read whole. */
async function readBytes(request: RawRequest, limit: number): Promise<Uint8Array> {
  if (declaredLength(request) > limit) throw tooLarge(limit);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    // Without a generator between: most bodies are one chunk, and each layer costs some turns.
    for await (const chunk of request.body ?? []) {
      size += chunk.byteLength;
      if (size > limit) throw tooLarge(limit);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof Refusal ? error : incomplete();
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Whether brackets nest deeper than `DEEPEST`, strings aside; cheap next to parsing. */
function tooDeep(text: string): boolean {
  if (text.length <= DEEPEST) return false;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (inString) {
      if (char === 0x5c) at += 1;
      else if (char === 0x22) inString = false;
    } else if (char === 0x22) inString = true;
    else if (char === 0x7b || char === 0x5b) {
      depth += 1;
      if (depth > DEEPEST) return true;
    } else if (char === 0x7d || char === 0x5d) depth -= 1;
  }
  return false;
}

const JSON_TYPE = /^application\/(json|[\w.+-]+\+json)\s*(;|$)/i;
const OTHER_CHARSET = /;\s*charset\s*=(?!\s*"?utf-?8"?\s*(;|$))/i;

/** Where a value or a name would begin: what is pasted from a document often has such quotes. */
const TYPOGRAPHIC = /[{[,:]\s*[“”„]/;

/** The parsed JSON body; an empty one reads as `{}`. */
function jsonIn(request: RawRequest, bytes: Uint8Array): unknown {
  if (bytes.byteLength === 0) return {};
  const type = request.header('content-type') ?? '';
  if (!JSON_TYPE.test(type)) {
    throw new Refusal('unsupported_media_type', 'Send the body as application/json.');
  }
  if (OTHER_CHARSET.test(type) || !/^identity$/i.test(request.header('content-encoding') ?? 'identity')) {
    throw new Refusal('unsupported_media_type', 'Send the body in UTF-8, and without Content-Encoding.');
  }
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw invalid('body', 'bad_encoding', 'must be UTF-8');
  }
  if (tooDeep(text)) throw invalid('body', 'too_deep', `may nest ${DEEPEST} levels at most`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid('body', 'bad_json', `is not JSON${whyNot(text, error)}`);
  }
}

/** What is wrong with a text that is no JSON, as far as it can be told without quoting it. */
function whyNot(text: string, error: unknown): string {
  if (TYPOGRAPHIC.test(text)) return ': its quotes are typographic (“ ”), not straight (")';
  const [, at] = /in JSON at position (\d+)/.exec(messageOf(error)) ?? [];
  return at === undefined ? '' : ` from character ${Number(at) + 1} on`;
}

function malformedForm(): Refusal {
  return invalid('body', 'bad_form', 'is not well-formed multipart/form-data');
}

/** `digest` tells it from another file; `discard` when the request is over. */
type ReceivedFile = Upload & { readonly digest: Uint8Array; discard(): Promise<void> };

/** The file of the form's field `file`, on disk until it is discarded; throws `too_large` over `limit` bytes. */
async function readFile(request: RawRequest, limit: number): Promise<ReceivedFile> {
  const type = request.header('content-type') ?? '';
  if (!/^multipart\/form-data\s*;/i.test(type)) {
    throw new Refusal('unsupported_media_type', 'Send the file as multipart/form-data, in the field "file".');
  }
  if (declaredLength(request) > limit + FORM_OVERHEAD) throw tooLarge(limit);
  // The package is CommonJS: once bundled, its names are found in `default` alone.
  const { Busboy } = (await import('@fastify/busboy')).default;
  let form: BusboyInstance;
  try {
    form = new Busboy({
      headers: { 'content-type': type },
      limits: { fileSize: limit, files: 2, fields: 10, fieldSize: 1024, parts: 12, headerPairs: 20 },
    });
  } catch {
    throw malformedForm();
  }
  const spool = await openSpool();
  try {
    const fileName = await spooled(request, limit, form, spool);
    return { fileName, ...(await spool.done()), discard: () => spool.discard() };
  } catch (error) {
    await spool.discard();
    throw error;
  }
}

/**
 * Reads the form into the spool, at the pace of the disk; the file's name. Throws `invalid` where there is no file, or
 * anything beside it: that is an unknown field, as in any body.
 */
async function spooled(request: RawRequest, limit: number, form: BusboyInstance, spool: Spool): Promise<string> {
  let name: string | undefined;
  let over = false;
  let taken = false;
  const wrong: FieldError[] = [];
  const isUnknown = (field: string) => {
    if (field === 'file') return false;
    wrong.push({ path: `body.${field.slice(0, 60)}`, code: 'unknown_field', message: 'is not a known field' });
    return true;
  };
  const finished = new Promise<void>((resolve, reject) => {
    form.on('field', isUnknown);
    form.on('file', (field, stream, fileName) => {
      if (isUnknown(field) || taken) {
        if (field === 'file') wrong.push({ path: 'body.file', code: 'repeated', message: 'must be given once' });
        stream.resume();
        return;
      }
      taken = true;
      stream.on('data', (chunk: Buffer) => spool.write(chunk));
      stream.on('limit', () => {
        over = true;
      });
      stream.on('end', () => {
        name = fileName ?? '';
      });
      stream.on('error', reject);
    });
    form.on('finish', resolve);
    form.on('error', () => reject(malformedForm()));
  });
  finished.catch(() => undefined);
  let size = 0;
  for await (const chunk of chunksOf(request)) {
    size += chunk.byteLength;
    if (over || size > limit + FORM_OVERHEAD) throw tooLarge(limit);
    // The next chunk is taken once the form has taken this one and the disk has it: what is slow to keep is slow to come.
    const written = new Promise<void>((resolve) => form.write(chunk, () => resolve()));
    await Promise.race([written, finished]);
    await spool.written();
  }
  form.end();
  await finished;
  if (over) throw tooLarge(limit);
  if (name === undefined) {
    wrong.unshift({ path: 'body.file', code: 'missing', message: 'must be one file' });
  }
  if (name === undefined || wrong.length > 0) throw invalidAll(wrong);
  return name;
}

/** What came with a request, not looked into yet; `bytes` are those that tell it from another. */
interface Received {
  readonly file: ReceivedFile | undefined;
  readonly bytes: Uint8Array;
}

const nothing = z.strictObject({});

/** Reads the body or file that the route takes. Throws `too_large`, and for what is no form `invalid` and such. */
export async function received(route: Route, request: RawRequest): Promise<Received> {
  if (route.file) {
    const file = await readFile(request, route.file.limit);
    return { file, bytes: file.digest };
  }
  const bodiless = request.method === 'GET' || (request.method === 'DELETE' && !route.body);
  return { file: undefined, bytes: bodiless ? new Uint8Array() : await readBytes(request, JSON_LIMIT) };
}

/** The parsed body of a route; a merge patch is parsed when it is applied. Throws `invalid` and such. */
export function bodyOf(route: Route, request: RawRequest, { file, bytes }: Received): unknown {
  if (file || route.anyBody) return undefined;
  const value = jsonIn(request, bytes);
  if (route.revises !== 'patch') return parsed(route.body ?? nothing, value, 'body');
  if (isObject(value)) return value;
  throw invalid('body', 'invalid_type', 'must be an object with the fields to change');
}
