/** The log port: structured lines, without personal data or secrets (`log.pino.ts` writes them). */
export interface Log {
  /** Whether lines of a level are written, for those who would make many that nobody reads. */
  on(level: 'debug' | 'info'): boolean;
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}
