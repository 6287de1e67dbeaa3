/** RFC 7396 merge patch, and the one way a resource's changeable fields are changed by PUT and PATCH. */
import type * as z from 'zod';
import { Refusal } from './refusal.ts';
import { fieldErrors, knownNames, readAs } from './validation.ts';

type Plain = Record<string, unknown>;
/** Whether it is what JSON calls an object. */
export function isObject(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Applies a merge patch: objects merge, `null` removes, anything else replaces. Neither argument is changed. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [key, value] of Object.entries(patch)) {
    // What is not there cannot be removed; it stays as `undefined`, so that the schema can refuse a name it does not know.
    if (value === null && !merged.has(key)) merged.set(key, undefined);
    else if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}

/** Gives the changeable fields as they shall be from how they are; throws `invalid` with every field error. */
export type Revise<T> = (current: T) => T;

/** PUT: the body is the whole of the changeable fields. */
export function replaced<T>(body: T): Revise<T> {
  return () => body;
}

/** PATCH: the body is merged into the fields as they are, and the whole parsed again. */
export function patched<T>(schema: z.ZodType<T>, body: unknown): Revise<T> {
  return (current) => {
    const parsed = readAs(schema, mergePatch(current, body));
    if (parsed.success) return parsed.data;
    throw new Refusal('invalid', 'The change would leave fields that are not valid.', {
      errors: fieldErrors(parsed.error, 'body', knownNames(schema)),
    });
  };
}
