/**
 * Who is told what: fact type to audience, category, priority and words (REQ-NTF-020 to 023). Of several rows of a fact
 * the first that names a person is the one it gets. Nobody is told of what it may not read. Whoever did it knows it, and is
 * not told, but for its own account.
 */
import type { NotificationType, Priority } from './model.ts';
import type { Audience, Looked, Row } from './policy.model.ts';

const concerned: readonly Audience[] = ['creator', 'assignedStaff', 'customerUsers'];
const crew: readonly Audience[] = ['creator', 'assignedStaff'];
const managersOf = (privilege: string): Audience => ({ holders: privilege });
const techniciansOnly: Audience = { holders: 'maintenance:write', among: ['maintenanceTechnician'] };
const managersAndTechnicians: Audience = { holders: 'maintenance:write' };

function status(title: string, type: NotificationType, priority: Priority, message = '{{event}}, {{when}}'): Row {
  return { to: concerned, category: 'events', priority, type, title, message, link: 'events' };
}

function equipment(
  to: readonly Audience[],
  row: Pick<Row, 'priority' | 'type' | 'title' | 'message'> & Partial<Row>,
): Row {
  return { to, category: 'equipment', link: 'equipment', ...row };
}

/** For whoever may not see the event that it reserved for. */
function reserverOnly(type: NotificationType, title: string, message: string): Row {
  return equipment(['reserver'], { priority: 'high', type, title, message, link: 'equipment/reservations' });
}

const account = { category: 'account', link: 'none', toActor: true } as const;

/** Whether the event is still to come, and when the reminder says so. */
export function stillThen({ data, event, now }: Looked): boolean {
  if (event === undefined || event.startsAt !== data.startsAt || event.startsAt <= now) return false;
  return ['approved', 'confirmed'].includes(event.status);
}

const reminder = { to: crew, category: 'events', type: 'reminder', link: 'events' } as const;
const soon = { title: '{{event}} begins {{ahead}}', message: '{{when}}, at {{venue}}, for {{customer}}.' } as const;

export const policy = {
  EventPendingApproval: [
    {
      ...status('{{event}} waits for approval', 'action', 'normal'),
      to: [{ holders: 'events:approve' }],
      message: '{{event}} for {{customer}} at {{venue}}, {{when}}, was submitted. Approve or reject it.',
    },
    status('{{event}} was submitted for approval', 'info', 'normal'),
  ],
  EventApproved: [status('{{event}} is approved', 'success', 'normal')],
  EventRejected: [status('{{event}} was not approved', 'warning', 'high', '{{event}}, {{when}}. Reason: {{reason}}')],
  EventConfirmed: [status('{{event}} is confirmed', 'success', 'normal')],
  EventStarted: [status('{{event}} has begun', 'info', 'low')],
  EventCompleted: [status('{{event}} is completed', 'success', 'low')],
  EventPostponed: [status('{{event}} is postponed', 'warning', 'high', '{{event}}, {{when}}. Reason: {{reason}}')],
  EventRescheduled: [
    status('{{event}} has a new date', 'info', 'high', '{{event}} now takes place {{when}}, at {{venue}}.'),
  ],
  EventCancelled: [status('{{event}} is cancelled', 'alert', 'high', '{{event}}, {{when}}. Reason: {{reason}}')],
  EventReinstated: [status('{{event}} takes place after all', 'info', 'high')],
  EventArchived: [status('{{event}} was archived', 'info', 'low')],
  EventDoubleBookingOverridden: [
    {
      to: [managersOf('events:override'), 'creator'],
      category: 'events',
      priority: 'high',
      type: 'alert',
      title: '{{venue}} is booked twice',
      message: '{{event}}, {{when}}, was booked over others. Reason: {{reason}}',
      link: 'events',
      inside: true,
    },
  ],
  EventReminderDue: [
    { ...reminder, ...soon, priority: 'high', when: (looked) => looked.data.lead !== 'P7D' && reminds(looked) },
    { ...reminder, ...soon, priority: 'normal', when: (looked) => looked.data.lead === 'P7D' && reminds(looked) },
  ],
  StaffAssignedToEvent: [
    {
      to: ['namedStaff'],
      category: 'staff',
      priority: 'high',
      type: 'action',
      title: 'You are assigned to {{event}}',
      message: '{{when}}, at {{venue}}.',
      link: 'events',
    },
  ],
  StaffUnassignedFromEvent: [
    {
      to: ['namedStaff'],
      category: 'staff',
      priority: 'high',
      type: 'info',
      title: 'You are no longer assigned to {{event}}',
      message: '{{when}}, at {{venue}}.',
      // It is not theirs to read any more.
      link: 'none',
    },
  ],
  EquipmentDoubleBookingDetected: [
    // Each try tells once more: in the page, and not by mail unless somebody wants it so.
    equipment([managersOf('reservations:override'), 'creator'], {
      priority: 'normal',
      type: 'warning',
      title: 'Not enough of {{equipment}} for {{event}}',
      message: '{{equipment}} was wanted for {{event}}, {{when}}, and others have it.',
    }),
    // They read neither events nor reservations.
    equipment([techniciansOnly], {
      priority: 'normal',
      type: 'warning',
      title: 'Not enough of {{equipment}}',
      message: 'More of {{equipment}} is wanted than there is: what is in maintenance may be missed.',
    }),
  ],
  EquipmentDoubleBookingOverridden: [
    equipment([managersOf('reservations:override'), 'creator', 'reserver'], {
      priority: 'high',
      type: 'alert',
      title: '{{equipment}} is promised twice',
      message: '{{equipment}} was reserved for {{event}}, {{when}}, over others. Reason: {{reason}}',
      link: 'equipment/reservations',
    }),
    reserverOnly('alert', '{{equipment}} is promised twice', 'What you reserved of it was taken over others.'),
    equipment([techniciansOnly], {
      priority: 'normal',
      type: 'warning',
      title: '{{equipment}} is promised twice',
      message: 'More of {{equipment}} is promised than there is: what is in maintenance may be missed.',
    }),
  ],
  EquipmentReservationFlagged: [
    equipment([managersOf('reservations:override'), 'creator', 'reserver'], {
      priority: 'high',
      type: 'warning',
      title: 'The reservation of {{equipment}} for {{event}} needs attention',
      message: '{{trouble}} The event is {{when}}.',
      link: 'equipment/reservations',
    }),
    reserverOnly('warning', 'Your reservation of {{equipment}} needs attention', '{{trouble}}'),
  ],
  EquipmentDamageReported: [
    equipment([managersAndTechnicians], {
      priority: 'high',
      type: 'warning',
      title: '{{equipment}} is damaged',
      message: 'Severity: {{severity}}. {{description}}',
    }),
  ],
  EquipmentReplacementRequired: [
    equipment([managersOf('equipment:retire'), techniciansOnly], {
      priority: 'high',
      type: 'action',
      title: '{{equipment}} needs replacing',
      message: 'The repair would cost {{repairCost}}; it is worth {{currentValue}}.',
      when: ({ data }) => data.reason === 'repairCost',
    }),
    equipment([managersOf('equipment:retire'), techniciansOnly], {
      priority: 'high',
      type: 'action',
      title: '{{equipment}} needs replacing',
      message: 'It is a total loss. It was worth {{currentValue}}.',
    }),
  ],
  EquipmentPreventiveOverdue: [
    equipment([managersAndTechnicians], {
      priority: 'high',
      type: 'warning',
      title: 'Preventive maintenance of {{equipment}} is overdue',
      message: 'It was due on {{due}}; until it is done, {{equipment}} cannot be reserved.',
    }),
  ],
  EquipmentPreventiveDueSoon: [
    equipment([techniciansOnly], {
      priority: 'normal',
      type: 'reminder',
      title: 'Preventive maintenance of {{equipment}} is due',
      message: 'It is due on {{due}}.',
    }),
  ],
  EquipmentRetired: [
    equipment([managersOf('equipment:retire')], {
      priority: 'normal',
      type: 'info',
      title: '{{equipment}} was retired',
      message: 'Reason: {{reason}}',
    }),
  ],
  UserInvitationAccepted: [
    {
      ...account,
      to: ['namedUser'],
      priority: 'low',
      type: 'success',
      title: 'Welcome to Marquee',
      message: 'What you are told, and how, is yours to say: see your preferences.',
    },
  ],
  UserPasswordChanged: [
    {
      ...account,
      to: ['user'],
      priority: 'high',
      type: 'warning',
      title: 'Your password was changed',
      message: 'At {{at}}; other sessions were ended. If it was not you, ask for a new one at once.',
      mail: 'elsewhere',
    },
  ],
  UserPasswordReset: [
    {
      ...account,
      to: ['user'],
      priority: 'high',
      type: 'warning',
      title: 'Your password was set anew',
      message:
        'At {{at}}, by a link in a mail to you; all sessions were ended. If it was not you, tell your administrator.',
      mail: 'elsewhere',
    },
  ],
  UserLoginSuccessful: [
    {
      ...account,
      to: ['user'],
      priority: 'high',
      type: 'warning',
      title: 'A sign-in from a new device',
      message: '{{device}}, at {{at}}. If it was not you, change your password and end that session.',
      when: ({ data }) => data.newDevice === true,
    },
  ],
} as const satisfies Readonly<Record<string, readonly Row[]>>;

function reminds(looked: Looked): boolean {
  return looked.data.late !== true && stillThen(looked);
}

/** The fact types that somebody is told of; announcements name their own. */
export const toldOf: readonly string[] = [...Object.keys(policy), 'NotificationAnnounced'];

export function rowsFor(type: string): readonly Row[] {
  return Object.hasOwn(policy, type) ? policy[type as keyof typeof policy] : [];
}
