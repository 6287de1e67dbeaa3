/** The conflict engine: decides claims on a resource under its head's etag. */
import type { Scope } from '../platform/scope.ts';
import type { Claims } from './model.ts';

/** The engine in the scope's organization. */
export function claimsOf(scope: Scope): Claims {
  throw new Error(`The conflict engine is being built (${scope.orgId})`);
}
