/** When a mail may leave: through which channel, after which quiet hours, in which digest. Pure (REQ-NTF-015). */
import { DAY, later, MINUTE } from '../platform/clock.ts';
import type { Zone } from '../platform/zone.ts';
import { type Category, type Priority, priorities } from './model.ts';
import { type Preferences, type QuietHours, type Weekday, weekdays } from './preferences.model.ts';

/** Whether something of this priority goes through a channel of its category. */
export function passes(
  preferences: Preferences,
  channel: 'inApp' | 'email',
  { category, priority }: { readonly category: Category; readonly priority: Priority },
): boolean {
  const { on, minimum } = preferences.categories[category][channel];
  return on && priorities.indexOf(priority) >= priorities.indexOf(minimum);
}

function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}

function dayAfter(date: string, days: number): string {
  return later(`${date}T00:00:00Z`, days * DAY).slice(0, 10);
}

function weekdayOf(date: string): Weekday {
  // Days since 1970-01-01, a Thursday.
  const days = Math.round(Date.parse(`${date}T00:00:00Z`) / DAY);
  return weekdays[(((days + 3) % 7) + 7) % 7] ?? 'monday';
}

/** The end of the quiet hours that an instant lies in; undefined when it lies in none. */
function endOfQuiet(at: string, quiet: QuietHours, zone: Zone): string | undefined {
  const [from, to] = [minutesOf(quiet.from), minutesOf(quiet.to)];
  const today = zone.date(at);
  const ends = [dayAfter(today, -1), today].flatMap((date) => {
    if (!quiet.days.includes(weekdayOf(date))) return [];
    const start = zone.instant(date, from);
    const end = zone.instant(to > from ? date : dayAfter(date, 1), to);
    return start <= at && at < end ? [end] : [];
  });
  return ends.toSorted().at(-1);
}

/** When something that would leave now may leave; `zone` is that of the quiet hours. */
export function afterQuiet(
  at: string,
  quiet: QuietHours | undefined,
  priority: Priority,
  zone: Zone | undefined,
): string {
  if (!quiet || !zone || (priority === 'urgent' && quiet.urgentPasses)) return at;
  return endOfQuiet(at, quiet, zone) ?? at;
}

/** Days to look ahead: a week and a day, as the weekly one of today may be over. */
const AHEAD = 9;

/** The next time that a digest leaves, after an instant; `zone` is the digest's. */
export function nextDigest(at: string, digest: Preferences['digest'], zone: Zone): string {
  const today = zone.date(at);
  for (let days = 0; days < AHEAD; days += 1) {
    const date = dayAfter(today, days);
    if (digest.every === 'weekly' && weekdayOf(date) !== digest.day) continue;
    const slot = zone.instant(date, minutesOf(digest.at));
    if (slot > at) return slot;
  }
  return later(at, MINUTE);
}

/** Whether something waits for the digest: not what is urgent, nor what is about the account itself. */
export function inDigest(
  { digest }: Preferences,
  { category, priority }: { readonly category: Category; readonly priority: Priority },
): boolean {
  return digest.every !== 'off' && priority !== 'urgent' && category !== 'account';
}
