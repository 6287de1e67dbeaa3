/** The organization of whoever asks. */
import * as z from 'zod';
import { OrganizationFields, organizations } from '../../shared/identity/model.ts';
import { organizationUpdated } from '../../shared/identity/rules.ts';
import { OrganizationView, organizationView } from '../../shared/identity/views.ts';
import { changesBetween } from '../../shared/platform/changes.ts';
import { type Route, reviseRoutes, route } from '../../shared/platform/route.ts';

const tag = 'Organization';

const get = route({
  tag,
  access: 'signedIn',
  method: 'GET',
  path: 'organization',
  summary: 'Your organization',
  reply: OrganizationView,
  async handle(_, scope) {
    const found = await scope.of(organizations).get(scope.orgId);
    return { body: organizationView(found), etag: found.etag };
  },
});

const revise = reviseRoutes({
  tag,
  access: 'settings:write',
  path: 'organization',
  summary: 'Change your organization',
  params: z.strictObject({}),
  fields: OrganizationFields,
  reply: OrganizationView,
  refusals: ['stale'],
  async handle({ revise }, scope) {
    const changed = await scope
      .of(organizations)
      .execute(scope.orgId, (state) => organizationUpdated(changesBetween(state, revise(state))));
    return { body: organizationView(changed), etag: changed.etag };
  },
});

export const organizationRoutes: readonly Route[] = [get, ...revise];
