/** What the engine takes: windows put in order, and anything that could not be decided refused as `invalid`. */
import { DAY } from '../platform/clock.ts';
import type { Window } from '../platform/fields.ts';
import type { FieldError } from '../platform/refusal.ts';
import { Refusal } from '../platform/refusal.ts';
import { normalized, spanOf } from '../platform/windows.ts';
import type { ClaimRequest } from './model.ts';
import { MOST_DAYS, MOST_WINDOWS } from './model.ts';

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const CLAIM_ID = /^[A-Za-z0-9._:~-]{1,200}$/;
const RESOURCE = /^[^:\s]+:\S+$/;
export const HEAD_ID = 'head';

type Asked = Partial<ClaimRequest> & Pick<ClaimRequest, 'resource'>;

/** The request with its windows sorted and overlapping ones made one. Throws `invalid` with every field error. */
export function checked<T extends Asked>(request: T, now: string): T {
  const errors: FieldError[] = [];
  const refuse = (path: string, code: string, message: string) => errors.push({ path, code, message });
  const { id, resource, quantity, windows, use, group, seats, size, capacity, expiresAt } = request;

  if (!RESOURCE.test(resource)) refuse('resource', 'resource', 'must be a kind and an id with a colon between');
  if (id !== undefined && (!CLAIM_ID.test(id) || id === HEAD_ID)) refuse('id', 'id', 'must be fit for a document');
  if (quantity !== undefined && !isCount(quantity, 1)) refuse('quantity', 'quantity', 'must be a whole number from 1');
  if (capacity !== undefined && !isCount(capacity, 0)) refuse('capacity', 'capacity', 'must be a whole number from 0');
  if (group && !isCount(group.capacity, 0)) refuse('group.capacity', 'capacity', 'must be a whole number from 0');
  if (seats !== undefined && !(group && isCount(seats, 1))) refuse('seats', 'seats', 'must be from 1, in a group');
  if (size !== undefined && !isCount(size, 0)) refuse('size', 'size', 'must be a whole number from 0');
  if (request.lasting && group) refuse('lasting', 'lasting', 'must not be within a group');
  if (request.mode === 'held' && !(expiresAt && INSTANT.test(expiresAt) && expiresAt > now)) {
    refuse('expiresAt', 'expiry', 'must be an instant ahead for a hold');
  }
  if (use) checkWindow(use, 'use', refuse);
  if (windows) checkWindows(windows, refuse);
  if (errors.length > 0) throw new Refusal('invalid', 'This cannot be claimed.', { errors });
  return windows ? { ...request, windows: normalized(windows) } : request;
}

type Refuse = (path: string, code: string, message: string) => void;

function checkWindows(windows: readonly Window[], refuse: Refuse): void {
  if (windows.length < 1 || windows.length > MOST_WINDOWS) {
    refuse('windows', 'windows', `must be 1 to ${MOST_WINDOWS} windows`);
    return;
  }
  const sound = windows.map((window, at) => checkWindow(window, `windows.${at}`, refuse));
  if (!sound.every(Boolean)) return;
  const { start, end } = spanOf(normalized(windows));
  if (Date.parse(end) - Date.parse(start) > MOST_DAYS * DAY) {
    refuse('windows', 'span', `must lie within ${MOST_DAYS} days`);
  }
}

function checkWindow({ start, end }: Window, path: string, refuse: Refuse): boolean {
  const sound = INSTANT.test(start) && INSTANT.test(end) && start < end;
  if (!sound) refuse(path, 'window', 'must be two instants in UTC to the second, the end after the start');
  return sound;
}

function isCount(value: number, least: number): boolean {
  return Number.isSafeInteger(value) && value >= least;
}
