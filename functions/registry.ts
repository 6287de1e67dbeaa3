/** Everything that starts work, collected: registration, the document, the docs page and the matrix tests read this. */
import { customerRules } from '../shared/customers/breaks.ts';
import { damageRules } from '../shared/damage/breaks.ts';
import { equipmentRules } from '../shared/equipment/breaks.ts';
import { eventRules } from '../shared/events/breaks.ts';
import { identityRules } from '../shared/identity/breaks.ts';
import { maintenanceRules } from '../shared/maintenance/breaks.ts';
import type { Reaction, Timer } from '../shared/platform/reaction.ts';
import type { Route } from '../shared/platform/route.ts';
import { reservationRules } from '../shared/reservations/breaks.ts';
import { venueRules } from '../shared/venues/breaks.ts';
import { cancelMaintenanceOfGone } from './bus/cancel-maintenance-of-gone.ts';
import { closeSockets } from './bus/close-sockets.ts';
import { makeDefaultEventTypes } from './bus/default-event-types.ts';
import { flagReservationsUnderMaintenance } from './bus/flag-reservations-under-maintenance.ts';
import { followMergedCustomer } from './bus/follow-merged-customer.ts';
import { followReservedEvent } from './bus/follow-reserved-event.ts';
import { inspectReturnedEquipment } from './bus/inspect-returned.ts';
import { lookAtShortReservation } from './bus/look-at-short.ts';
import { mailInvitation } from './bus/mail-invitation.ts';
import { mailPasswordChanged } from './bus/mail-password-changed.ts';
import { mailPasswordReset } from './bus/mail-password-reset.ts';
import { moveMergedCommunications } from './bus/move-merged-communications.ts';
import { notifyPeople } from './bus/notify.ts';
import { refreshEventNames } from './bus/refresh-event-names.ts';
import { refreshReservationNames } from './bus/refresh-reservation-names.ts';
import { relinkMergedUsers } from './bus/relink-merged-users.ts';
import { removeAvatarBlobs } from './bus/remove-avatar.ts';
import { removeCustomerPhoto } from './bus/remove-customer-photo.ts';
import { removePhotoBlobs } from './bus/remove-photo.ts';
import { retireOnTotalLoss } from './bus/retire-on-total-loss.ts';
import { sendQueuedMail } from './bus/send-mail.ts';
import { settleCommunicationHome } from './bus/settle-communication.ts';
import { settleEquipmentCapacity } from './bus/settle-equipment-capacity.ts';
import { settleMaintenanceClaim } from './bus/settle-maintenance-claim.ts';
import { settleReservationClaim } from './bus/settle-reservation-claim.ts';
import { settleVenueBlock } from './bus/settle-venue-block.ts';
import { settleVenueCapacity } from './bus/settle-venue-capacity.ts';
import { settleVenueClaim } from './bus/settle-venue-claim.ts';
import { trackReservedUnits } from './bus/track-units.ts';
import { weighReplacement } from './bus/weigh-replacement.ts';
import { aboutRoutes } from './http/about.ts';
import { customerRoutes } from './http/customers.ts';
import { equipmentRoutes } from './http/equipment.ts';
import { damageRoutes } from './http/equipment-damage.ts';
import { equipmentLogisticsRoutes } from './http/equipment-logistics.ts';
import { maintenanceRoutes } from './http/equipment-maintenance.ts';
import { equipmentReservationRoutes } from './http/equipment-reservations.ts';
import { eventNoteRoutes } from './http/event-notes.ts';
import { eventTypeRoutes } from './http/event-types.ts';
import { eventRoutes } from './http/events.ts';
import { identityRoutes } from './http/identity.ts';
import { invitationsRoutes } from './http/invitations.ts';
import { notificationRoutes } from './http/notifications.ts';
import { organizationRoutes } from './http/organization.ts';
import { realtimeRoutes } from './http/realtime.ts';
import { rolesRoutes } from './http/roles.ts';
import { sessionsRoutes } from './http/sessions.ts';
import { usersRoutes } from './http/users.ts';
import { venueRoutes } from './http/venues.ts';
import { endedSockets } from './timers/ended-sockets.ts';
import { eventClock } from './timers/event-clock.ts';
import { eventReminders } from './timers/event-reminders.ts';
import { expiredHolds } from './timers/expired-holds.ts';
import { heldMail } from './timers/held-mail.ts';
import { orphanBlobs } from './timers/orphan-blobs.ts';
import { preventiveMaintenance } from './timers/preventive-maintenance.ts';

/** By slice, as are the lists below. */
export const routes: readonly Route[] = [
  ...customerRoutes,

  ...venueRoutes,

  ...eventRoutes,
  ...eventNoteRoutes,
  ...eventTypeRoutes,

  ...equipmentRoutes,
  ...equipmentReservationRoutes,
  ...equipmentLogisticsRoutes,
  ...maintenanceRoutes,
  ...damageRoutes,

  ...aboutRoutes(() => routes),

  ...identityRoutes,
  ...usersRoutes,
  ...rolesRoutes,
  ...invitationsRoutes,
  ...sessionsRoutes,
  ...realtimeRoutes,
  ...organizationRoutes,

  ...notificationRoutes,
];

export const reactions: readonly Reaction[] = [
  // Identity
  closeSockets,
  mailInvitation,
  mailPasswordChanged,
  mailPasswordReset,
  relinkMergedUsers,
  removeAvatarBlobs,
  // Customers
  moveMergedCommunications,
  removeCustomerPhoto,
  settleCommunicationHome,
  // Venues
  settleVenueBlock,
  settleVenueCapacity,
  // Events
  followMergedCustomer,
  makeDefaultEventTypes,
  refreshEventNames,
  settleVenueClaim,
  // Venues and equipment
  removePhotoBlobs,
  // Equipment
  settleEquipmentCapacity,
  trackReservedUnits,
  // Reservations
  followReservedEvent,
  lookAtShortReservation,
  refreshReservationNames,
  settleReservationClaim,
  // Maintenance
  cancelMaintenanceOfGone,
  flagReservationsUnderMaintenance,
  inspectReturnedEquipment,
  settleMaintenanceClaim,
  // Damage
  retireOnTotalLoss,
  weighReplacement,
  // Notifications
  notifyPeople,
  sendQueuedMail,
];

export const timers: readonly Timer[] = [
  endedSockets,
  eventClock,
  eventReminders,
  preventiveMaintenance,
  heldMail,
  expiredHolds,
  orphanBlobs,
];

/** The rules that a `rule_broken` can name, slice by slice. */
export const rules: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  identity: identityRules,
  customers: customerRules,
  venues: venueRules,
  events: eventRules,
  equipment: equipmentRules,
  reservations: reservationRules,
  maintenance: maintenanceRules,
  damage: damageRules,
};
