/** The way out that every mail offers: a signed link, one click, no sign-in (RFC 8058). */

import { systemActor } from '../platform/actor.ts';
import { linkToken, readLink } from '../platform/links.ts';
import { notFound } from '../platform/refusal.ts';
import { type Scope, scopeOf } from '../platform/scope.ts';
import { type Category, categories } from './model.ts';
import { changePreferences, withoutMail } from './preferences.ts';

/** What a mail is about: one category, or in a digest all of them. */
export type Subject = Category | 'digest';

/** In the place of a category's: all of them. */
const ALL = 1000;

/** The address that turns off mail of a category for a user; the same whenever it is asked for. */
export async function unsubscribeLink({ platform, orgId }: Scope, userId: string, about: Subject): Promise<string> {
  const version = about === 'digest' ? ALL : categories.indexOf(about);
  const token = await linkToken(platform.config, 'unsubscribe', { orgId, id: userId, version });
  return `${platform.publicUrl()}/api/notifications/unsubscribe?token=${token}`;
}

async function read(scope: Scope, token: string) {
  const link = await readLink(scope.platform.config, 'unsubscribe', token);
  if (!link) throw notFound('link');
  const category = categories[link.version];
  if (category === undefined && link.version !== ALL) throw notFound('link');
  return { ...link, category };
}

/** Turns mail off for whom the link was made; done again it changes nothing. Throws `not_found` for a link not of ours. */
export async function unsubscribe(scope: Scope, token: string): Promise<Category | undefined> {
  const { orgId, id: userId, category } = await read(scope, token);
  const { correlationId, platform } = scope;
  const own = scopeOf(platform, { actor: { ...systemActor(orgId), userId }, correlationId });
  await changePreferences(own, userId, (preferences) => withoutMail(preferences, category));
  return category;
}

export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
} as const;

function page(content: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Mail from Marquee</title></head>
<body style="margin:0;padding:48px 24px;font-family:Arial,Helvetica,sans-serif;text-align:center">
${content}
</body>
</html>
`;
}

function mailAbout(category: Category | undefined): string {
  return category === undefined ? 'mail' : `mail about ${category}`;
}

/** Asks whether mail shall end. Throws `not_found` for a link that is not ours. */
export async function askedPage(scope: Scope, token: string): Promise<string> {
  const { category } = await read(scope, token);
  // Its own address once more; the route takes no token that HTML could mistake.
  return page(`<form method="post" action="?token=${token}">
<p>Do you want no more ${mailAbout(category)} from Marquee?</p>
<button>No more ${mailAbout(category)}</button>
</form>`);
}

export function donePage(category: Category | undefined): string {
  return page(`<p>You will get no more ${mailAbout(category)}. Your preferences turn it on again.</p>`);
}
