/** What can be read off a thrown value, which may be anything. */

/** The `code` that Node and the SQLite engine give their errors: `ENOENT`, `SQLITE_BUSY`, …; undefined when there is none. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** Whether the SQLite engine says that another connection has the lock. */
export function isBusy(error: unknown): boolean {
  return codeOf(error)?.startsWith('SQLITE_BUSY') ?? false;
}

/** In words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
