/** The log as JSON lines on standard output or in a file, through pino. */
import { openSync } from 'node:fs';
import { destination, pino } from 'pino';
import type { Config } from './config.ts';
import type { Log } from './log.ts';
import { activeTrace } from './trace-context.ts';

/** Never in a log, at any depth up to three, whatever a caller passes. */
const HIDDEN = new Set([
  ...['password', 'token', 'accessToken', 'refreshToken', 'code', 'authorization', 'passwordHash'],
  // Personal data.
  ...['email', 'primaryEmail', 'phone', 'primaryPhone', 'name', 'displayName', 'username'],
  ...['address', 'addresses', 'to'],
]);
const DEEPEST = 3;

/** The same fields, but for those to be hidden. Pino's own redaction takes 50 µs a line, whether it finds any or not. */
function redacted(fields: object, depth = 1): object {
  const inner = (value: unknown) => (depth < DEEPEST && isData(value) ? redacted(value, depth + 1) : value);
  if (Array.isArray(fields)) return fields.map(inner);
  let copy: Record<string, unknown> | undefined;
  for (const [name, value] of Object.entries(fields)) {
    const shown = HIDDEN.has(name) ? '[hidden]' : inner(value);
    if (shown === value) continue;
    copy ??= { ...fields };
    copy[name] = shown;
  }
  return copy ?? fields;
}

/** Plain objects and arrays; errors and the like have serializers of their own. */
function isData(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}

/** `file`: where the lines go, in a folder that is there; left out, standard output. */
export function openLog(level: Config['LOG_LEVEL'], file?: string): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { log: shown },
      serializers: { err: shownError },
    },
    // Opened at once: a process that ends right after its start can still write what it has to say.
    destination({ dest: file === undefined ? 1 : openSync(file, 'a'), sync: false }),
  );
  return {
    on: (least) => logger.isLevelEnabled(least),
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}

/** What a line holds of its fields, and the trace it belongs to. */
function shown(fields: object): Record<string, unknown> {
  const trace = activeTrace();
  return (trace ? { ...redacted(fields), ...trace } : redacted(fields)) as Record<string, unknown>;
}

function shownError(error: unknown): unknown {
  return error instanceof Error ? { type: error.name, message: error.message, stack: error.stack } : String(error);
}
