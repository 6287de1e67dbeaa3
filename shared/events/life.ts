/** The life of an event as one value: rules, routes, the document and the exhaustive test derive from it. */
import { DAY, HOUR, later } from '../platform/clock.ts';
import type { Refusal } from '../platform/refusal.ts';
import { breaks } from './breaks.ts';
import type { EventState, EventStatus } from './model.ts';

export type StepName =
  | 'submit-for-approval'
  | 'approve'
  | 'reject'
  | 'confirm'
  | 'start'
  | 'complete'
  | 'cancel'
  | 'postpone'
  | 'reschedule'
  | 'reinstate'
  | 'archive';

export interface Step {
  readonly name: StepName;
  readonly summary: string;
  readonly from: readonly EventStatus[];
  readonly to: EventStatus;
  /** The least that anyone who may take it holds. */
  readonly access: `events:${string}`;
  /** Whether the customer itself may take it for its own event. */
  readonly customer: boolean;
  /** What the body holds. */
  readonly body: 'none' | 'reason' | 'slot' | 'override';
  /** What more is needed at this time. */
  readonly privilegeAt?: (event: EventState, now: string) => `events:${string}`;
  /** The time rule, when it is broken. */
  readonly brokenAt?: (event: EventState, now: string) => Refusal | undefined;
}

/** Starting is possible from then on. */
const EARLIEST_START = HOUR;
/** Cancelling needs approval from then on (REQ-EVT-015). */
const LATE_CANCELLATION = DAY;

const approve = 'events:approve';
const write = 'events:write';

export const life: readonly Step[] = [
  {
    name: 'submit-for-approval',
    summary: 'Ask for approval',
    from: ['draft'],
    to: 'pendingApproval',
    access: write,
    customer: true,
    body: 'none',
  },
  {
    name: 'approve',
    summary: 'Approve',
    from: ['draft', 'pendingApproval'],
    to: 'approved',
    access: approve,
    customer: false,
    body: 'none',
  },
  {
    name: 'reject',
    summary: 'Send back to draft, with a reason',
    from: ['pendingApproval'],
    to: 'draft',
    access: approve,
    customer: false,
    body: 'reason',
  },
  {
    name: 'confirm',
    summary: 'Confirm',
    from: ['approved'],
    to: 'confirmed',
    access: write,
    customer: true,
    body: 'none',
  },
  {
    name: 'start',
    summary: 'Start, from an hour before its time',
    from: ['confirmed'],
    to: 'inProgress',
    access: write,
    customer: false,
    body: 'none',
    brokenAt: (event, now) =>
      now < later(event.startsAt, -EARLIEST_START)
        ? breaks('start-too-early', 'An event can be started from an hour before its time.', {
            from: later(event.startsAt, -EARLIEST_START),
          })
        : undefined,
  },
  {
    name: 'complete',
    summary: 'Complete, once it has started',
    from: ['confirmed', 'inProgress'],
    to: 'completed',
    access: write,
    customer: false,
    body: 'none',
    brokenAt: (event, now) =>
      event.status === 'confirmed' && now < event.startsAt
        ? breaks('complete-before-start', 'An event can be completed once it has started.', { from: event.startsAt })
        : undefined,
  },
  {
    name: 'cancel',
    summary: 'Cancel, with a reason; within 24 hours of the start it needs events:approve',
    from: ['draft', 'pendingApproval', 'approved', 'confirmed'],
    to: 'cancelled',
    access: 'events:cancel',
    customer: true,
    body: 'reason',
    privilegeAt: (event, now) => (now >= later(event.startsAt, -LATE_CANCELLATION) ? approve : 'events:cancel'),
  },
  {
    name: 'postpone',
    summary: 'Postpone, with a reason; the venue is given back',
    from: ['approved', 'confirmed'],
    to: 'postponed',
    access: write,
    customer: false,
    body: 'reason',
  },
  {
    name: 'reschedule',
    summary: 'Give a postponed event its new time, and venue if need be',
    from: ['postponed'],
    to: 'approved',
    access: write,
    customer: false,
    body: 'slot',
  },
  {
    name: 'reinstate',
    summary: 'Take a cancellation back while the start is ahead and the venue free',
    from: ['cancelled'],
    to: 'confirmed',
    access: approve,
    customer: false,
    body: 'override',
  },
  {
    name: 'archive',
    summary: 'Archive',
    from: ['completed'],
    to: 'archived',
    access: approve,
    customer: false,
    body: 'none',
  },
];

export function stepOf(name: StepName): Step {
  const step = life.find((candidate) => candidate.name === name);
  if (!step) throw new Error(`No step ${name}`);
  return step;
}

/** The steps that follow from a state, whoever asks. */
export function stepsFrom(status: EventStatus): readonly StepName[] {
  return life.filter(({ from }) => from.includes(status)).map(({ name }) => name);
}
