/** Signing up, in and out, passwords, and the keys that verify tokens (spec chapter 01). */
import * as z from 'zod';
import { PublicJwk } from '../../shared/identity/keys.ts';
import { Username } from '../../shared/identity/logins.ts';
import { changePassword, forgotPassword, resetPassword } from '../../shared/identity/password-commands.ts';
import { GivenPassword, NewPassword } from '../../shared/identity/passwords.ts';
import { register } from '../../shared/identity/registration.ts';
import { keysOf } from '../../shared/identity/remembered.ts';
import { endSessions } from '../../shared/identity/sessions.ts';
import { refresh, signIn } from '../../shared/identity/sign-in.ts';
import { Email, Id, text } from '../../shared/platform/fields.ts';
import { type Route, route } from '../../shared/platform/route.ts';

const open = { tag: 'Identity', access: 'public' } as const;
const signedIn = { tag: 'Identity', access: 'signedIn' } as const;

const GivenUsername = z.string().min(1).max(100).meta({ personal: 'identity', example: 'ada@example.com' });
const DisplayName = text(1, 100).meta({ personal: 'identity' });

export const NewAccount = z
  .object({ userId: Id, username: z.string().meta({ personal: 'identity' }), organizationId: Id })
  .meta({ id: 'NewAccount' });

/** A refinement for schemas with `password` and `confirmPassword`: both are the same. */
export function confirmed({ password, confirmPassword }: { password: string; confirmPassword: string }): boolean {
  return password === confirmPassword;
}
export const notConfirmed = { message: 'must be the same as the password', path: ['confirmPassword'] };

const registerRoute = route({
  ...open,
  method: 'POST',
  path: 'identity/register',
  summary: 'Register an organization and its first user, an admin',
  body: z
    .strictObject({
      username: Username,
      email: Email.optional(),
      password: NewPassword,
      confirmPassword: GivenPassword,
      displayName: DisplayName.optional(),
      organizationName: text(2, 200),
    })
    .refine(confirmed, notConfirmed),
  reply: NewAccount,
  refusals: ['already_exists'],
  async handle({ body }, scope) {
    const made = await register(scope, body);
    return { body: made, location: `users/${made.userId}` };
  },
});

const Tokens = z
  .object({
    userId: Id,
    username: z.string().meta({ personal: 'identity' }),
    accessToken: z.string(),
    expiresIn: z.int().meta({ description: 'Seconds that the access token lives' }),
    refreshToken: z.string().meta({ description: 'For one use' }),
    roles: z.array(z.string()),
  })
  .meta({ id: 'Tokens' });

const authenticate = route({
  ...open,
  method: 'POST',
  path: 'identity/authenticate',
  secret: true,
  summary: 'Sign in',
  status: 200,
  body: z.strictObject({ username: GivenUsername, password: GivenPassword, rememberMe: z.boolean().default(false) }),
  reply: Tokens,
  refusals: ['unauthenticated', 'too_many_requests'],
  handle: async ({ body, request: { address, userAgent } }, scope) => ({
    body: await signIn(scope, body, { address, userAgent }),
  }),
});

const refreshRoute = route({
  ...open,
  method: 'POST',
  path: 'identity/refresh-token',
  secret: true,
  summary: 'Exchange a refresh token for a new pair; it is spent',
  status: 200,
  body: z.strictObject({ refreshToken: z.string().min(1).max(500) }),
  reply: Tokens,
  refusals: ['unauthenticated'],
  handle: async ({ body }, scope) => ({ body: await refresh(scope, body.refreshToken) }),
});

const signOut = route({
  ...signedIn,
  method: 'POST',
  path: 'identity/sign-out',
  summary: 'End this session',
  async handle(_, scope) {
    await endSessions(scope, scope.actor.userId, [scope.actor.sessionId], 'signed-out');
    return {};
  },
});

const Accepted = z.object({ status: z.literal('accepted') });

const forgot = route({
  ...open,
  method: 'POST',
  path: 'identity/forgot-password',
  summary: 'Have a link mailed that sets a new password',
  description: 'Answers alike whether there is such an account or not.',
  status: 202,
  body: z.strictObject({ username: GivenUsername }),
  reply: Accepted,
  async handle({ body }, scope) {
    await forgotPassword(scope, body.username);
    return { body: { status: 'accepted' as const } };
  },
});

const LinkToken = z.string().min(1).max(200).meta({ description: 'From the mailed link' });

const reset = route({
  ...open,
  method: 'POST',
  path: 'identity/reset-password',
  summary: 'Set a new password by a mailed link; ends every session',
  body: z
    .strictObject({ token: LinkToken, password: NewPassword, confirmPassword: GivenPassword })
    .refine(confirmed, notConfirmed),
  async handle({ body }, scope) {
    await resetPassword(scope, body.token, body.password);
    return {};
  },
});

const password = route({
  ...signedIn,
  method: 'PUT',
  path: 'identity/password',
  summary: 'Change your password; other sessions end',
  refusals: ['stale'],
  body: z.strictObject({ currentPassword: GivenPassword, newPassword: NewPassword }),
  async handle({ body, request: { address, userAgent } }, scope) {
    await changePassword(scope, body.currentPassword, body.newPassword, { address, userAgent });
    return {};
  },
});

const jwks = route({
  ...open,
  method: 'GET',
  path: 'identity/.well-known/jwks.json',
  summary: 'The keys that verify access tokens',
  cacheable: true,
  reply: z.object({ keys: z.array(PublicJwk) }),
  handle: async (_, { platform }) => ({
    body: { keys: [...(await keysOf(platform).published())] },
    headers: { 'cache-control': 'public, max-age=300' },
  }),
});

export const identityRoutes: readonly Route[] = [
  registerRoute,
  authenticate,
  refreshRoute,
  signOut,
  forgot,
  reset,
  password,
  jwks,
];
