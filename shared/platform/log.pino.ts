/** The log as JSON lines on standard output or in a file, through pino. */
import { openSync } from 'node:fs';
import { destination, pino } from 'pino';
import type { Config } from './config.ts';
import type { Log } from './log.ts';

/** Never in a log, at any depth up to three, whatever a caller passes. */
const SECRET = ['password', 'token', 'accessToken', 'refreshToken', 'code', 'authorization', 'passwordHash'];
const PERSONAL = [
  'email',
  'primaryEmail',
  'phone',
  'primaryPhone',
  'name',
  'displayName',
  'username',
  'address',
  'addresses',
  'to',
];
const paths = [...SECRET, ...PERSONAL].flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** `file`: where the lines go, in a folder that is there; left out, standard output. */
export function openLog(level: Config['LOG_LEVEL'], file?: string): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      redact: { paths, censor: '[hidden]' },
      serializers: { err: shownError },
    },
    // Opened at once: a process that ends right after its start can still write what it has to say.
    destination({ dest: file === undefined ? 1 : openSync(file, 'a'), sync: false }),
  );
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}

function shownError(error: unknown): unknown {
  return error instanceof Error ? { type: error.name, message: error.message, stack: error.stack } : String(error);
}
