/** Access tokens: JWTs that say who, where and in which session, for 15 minutes. */
import { errors, jwtVerify, SignJWT } from 'jose';
import * as z from 'zod';
import { Refusal } from '../platform/refusal.ts';
import type { Platform } from '../platform/scope.ts';
import type { Keys } from './keys.ts';
import { ALGORITHM } from './keys.ts';

/** 15 minutes. */
export const ACCESS_SECONDS = 900;

const Claims = z.object({
  sub: z.uuid(),
  org: z.uuid(),
  sid: z.uuid(),
  jti: z.string(),
  iat: z.number(),
  exp: z.number(),
});
export type Claims = z.output<typeof Claims>;

interface TokenInput {
  readonly userId: string;
  readonly orgId: string;
  readonly sessionId: string;
  readonly roles: readonly string[];
}

/** Signs a token. `roles` are for the client's information; what the bearer may do is looked up. */
export async function issueToken(platform: Platform, keys: Keys, input: TokenInput): Promise<string> {
  const { config, clock, ids } = platform;
  const { kid, key } = await keys.signing();
  const now = Math.floor(Date.parse(clock.now()) / 1000);
  return new SignJWT({ org: input.orgId, sid: input.sessionId, roles: [...input.roles] })
    .setProtectedHeader({ alg: ALGORITHM, kid, typ: 'JWT' })
    .setSubject(input.userId)
    .setJti(ids.next())
    .setIssuer(config.TOKEN_ISSUER)
    .setAudience(config.TOKEN_AUDIENCE)
    .setIssuedAt(now)
    .setExpirationTime(now + ACCESS_SECONDS)
    .sign(key);
}

export function notAToken(): Refusal {
  return new Refusal(
    'unauthenticated',
    'The access token is not one that works, or not any more. Refresh it, or sign in again.',
  );
}

/** The claims of a token of ours that is good now. Throws `unauthenticated`. */
export async function verifiedClaims(platform: Platform, keys: Keys, token: string): Promise<Claims> {
  const { config, clock } = platform;
  try {
    const { payload } = await jwtVerify(
      token,
      async ({ kid }) => {
        const key = kid === undefined ? undefined : await keys.verifying(kid);
        if (!key) throw new errors.JWKSNoMatchingKey();
        return key;
      },
      {
        algorithms: [ALGORITHM],
        issuer: config.TOKEN_ISSUER,
        audience: config.TOKEN_AUDIENCE,
        requiredClaims: ['sub', 'org', 'sid', 'jti', 'iat', 'exp'],
        currentDate: new Date(clock.now()),
      },
    );
    const claims = Claims.safeParse(payload);
    if (claims.success) return claims.data;
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
  }
  throw notAToken();
}
