/** Tokens signed with the access key: of servers that call REST, and of clients that connect. */
import type { KeyObject } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import { z } from 'zod';
import type { Client } from './web-pubsub-connection.ts';

const Texts = z
  .union([z.string().transform((one) => [one]), z.array(z.string())])
  .optional()
  .transform((many) => many ?? []);
const Claims = z.object({ sub: z.string().min(1).optional(), role: Texts, 'webpubsub.group': Texts });

/** Whether a token is one of ours for this audience, and still good: its claims, or undefined. */
export async function verified(
  key: KeyObject,
  token: string | undefined,
  audiences: string[],
  now: number,
): Promise<JWTPayload | undefined> {
  if (!token) return undefined;
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['HS256'],
      audience: audiences,
      requiredClaims: ['aud', 'exp'],
      currentDate: new Date(now),
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

/** Who a client's token speaks for; undefined when it says nothing that can be read. */
export function clientIn(payload: JWTPayload): Client | undefined {
  const { data } = Claims.safeParse(payload);
  return data && { userId: data.sub, groups: data['webpubsub.group'], roles: data.role };
}

/** The token of an `Authorization: Bearer` header. */
export function bearerOf(header: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];
}
