/** What an update changes, field by field: its fact says it, and the state follows from it. */

export type Changes = Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;

/** What differs between two flat records; a field that is not there is `null`. */
export function changesBetween(before: object, after: object): Changes {
  const from = before as Record<string, unknown>;
  const to = after as Record<string, unknown>;
  const changes: Record<string, { from: unknown; to: unknown }> = {};
  for (const field of new Set([...Object.keys(from), ...Object.keys(to)])) {
    if (JSON.stringify(from[field]) !== JSON.stringify(to[field])) {
      changes[field] = { from: from[field] ?? null, to: to[field] ?? null };
    }
  }
  return changes;
}

/** The record with the changes made; one to `null` takes the field away. */
export function withChanges<S extends object>(record: S, changes: Changes): S {
  const next = new Map<string, unknown>(Object.entries(record));
  for (const [field, { to }] of Object.entries(changes)) {
    if (to === null) next.delete(field);
    else next.set(field, to);
  }
  // The changes were made between two records of this very kind.
  return Object.fromEntries(next) as S;
}

/** Whether nothing differs. */
export function unchanged(changes: Changes): boolean {
  return Object.keys(changes).length === 0;
}
