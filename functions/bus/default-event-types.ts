/** A new organization begins with the default event types. */
import { presentDefaults } from '../../shared/events/types.ts';
import { reaction } from '../../shared/platform/reaction.ts';

export const makeDefaultEventTypes = reaction({
  name: 'default-event-types',
  on: ['OrganizationCreated'],
  handle: (_, scope) => presentDefaults(scope),
});
