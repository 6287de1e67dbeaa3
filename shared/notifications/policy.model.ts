/** What a row of `policy.ts` may say: whom it means, when it holds, and in which words. */
import type { EventState } from '../events/model.ts';
import type { Category, NotificationType, Priority } from './model.ts';

/** Who is meant, in relation to what the fact is about. */
export type Audience =
  /** Who made the event. */
  | 'creator'
  /** Who made the reservation. */
  | 'reserver'
  | 'assignedStaff'
  /** Users who act for the event's customer. */
  | 'customerUsers'
  /** The user that the fact is about. */
  | 'user'
  /** Whom `data` names by `userId`. */
  | 'namedUser'
  /** The staff member whom `data` names by `staffId`. */
  | 'namedStaff'
  /** Holders of a privilege: by built-in roles (`among` these alone, where given) and the organization's own. */
  | { readonly holders: string; readonly among?: readonly string[] };

type Data = Readonly<Record<string, unknown>>;

/** What a row may look at. */
export interface Looked {
  /** The present instant: a fact may come late. */
  readonly now: string;
  readonly data: Data;
  /** The event as it is now, where the fact is about one. */
  readonly event?: EventState | undefined;
}

export interface Row {
  readonly to: readonly Audience[];
  readonly category: Category;
  readonly priority: Priority;
  readonly type: NotificationType;
  /** With `{{placeholders}}` of `about.ts`. */
  readonly title: string;
  readonly message: string;
  readonly link: 'events' | 'equipment' | 'equipment/reservations' | 'users' | 'none';
  /** When the row holds; left out: always. */
  readonly when?: (looked: Looked) => boolean;
  /** The organization's own affair: customers are not told, not even of what they may read. */
  readonly inside?: true;
  /** Told to who did it, too. */
  readonly toActor?: true;
  /** `elsewhere`: the slice mails it itself, at once and whatever the preferences are (links, warnings). */
  readonly mail?: 'elsewhere';
}
