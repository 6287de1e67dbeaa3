/** Reading and changing one's preferences. */
import { changesBetween, unchanged } from '../platform/changes.ts';
import { Refusal } from '../platform/refusal.ts';
import type { Scope } from '../platform/scope.ts';
import { CommitRefused, type Document, type Json, type Write } from '../platform/store.ts';
import { type Category, categories } from './model.ts';
import { defaultPreferences, Preferences } from './preferences.model.ts';
import { documentsOf, factWrite } from './stored.ts';

const PREFERENCES = 'preferences';
/** The ETag of preferences that were never changed. */
const DEFAULT_ETAG = 'default';
const ATTEMPTS = 12;

interface StoredPreferences {
  readonly preferences: Preferences;
  readonly etag: string;
}

/** A user's preferences, or the defaults; one point read. */
export async function readPreferences(scope: Scope, userId: string): Promise<StoredPreferences> {
  const stored = await documentsOf(scope, userId).read(PREFERENCES);
  return stored
    ? { preferences: Preferences.parse(stored.document.body), etag: stored.etag }
    : { preferences: defaultPreferences(), etag: DEFAULT_ETAG };
}

/** Changes a user's preferences; throws `stale`, `invalid`, `unavailable`. REQ-NTF-015 */
export async function changePreferences(
  scope: Scope,
  userId: string,
  revise: (current: Preferences) => Preferences,
): Promise<StoredPreferences> {
  const ifMatch = scope.takeIfMatch(PREFERENCES);
  for (let round = 1; round <= ATTEMPTS; round += 1) {
    const before = await readPreferences(scope, userId);
    if (ifMatch && !ifMatch(before.etag)) {
      throw new Refusal('stale', 'These preferences have changed since you read them. Read them again and retry.');
    }
    const preferences = revise(before.preferences);
    const changes = changesBetween(before.preferences, preferences);
    if (unchanged(changes)) return before;
    const document: Document = { id: PREFERENCES, kind: PREFERENCES, body: preferences satisfies object as Json };
    const write: Write =
      before.etag === DEFAULT_ETAG ? { op: 'create', document } : { op: 'replace', document, ifMatch: before.etag };
    const fact = factWrite(scope, userId, { type: 'NotificationPreferencesChanged', data: { changes } });
    try {
      const [etag = ''] = await documentsOf(scope, userId).commit([write, fact]);
      return { preferences, etag };
    } catch (error) {
      if (!(error instanceof CommitRefused)) throw error;
    }
  }
  throw new Refusal('unavailable', 'Too many changes of these preferences at once; try again.', { retryAfter: 1 });
}

/** The preferences without mail of a category, or of any: what a link in a mail asks for. */
export function withoutMail(preferences: Preferences, category: Category | undefined): Preferences {
  const off = categories.filter((name) => category === undefined || name === category);
  const changed = off.map((name) => {
    const { inApp, email } = preferences.categories[name];
    return [name, { inApp, email: { ...email, on: false } }];
  });
  return { ...preferences, categories: { ...preferences.categories, ...Object.fromEntries(changed) } };
}
