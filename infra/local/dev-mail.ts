/** `/dev/mail`: the local outbox as a page to be read. On the local host only, and only where no mail leaves. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from '../../shared/platform/config.ts';
import type { RawReply, RawRequest } from '../../shared/platform/http.ts';
import { escaped } from '../../shared/platform/mail.template.ts';

const Mail = z.object({
  to: z.string(),
  subject: z.string(),
  text: z.string(),
  html: z.string(),
  headers: z.record(z.string(), z.string()).optional(),
});
type Mail = z.output<typeof Mail>;

const SHOWN = 100;
const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];
/** Mail may hold anything: no script runs, nothing is fetched, and its HTML stays in a frame of its own. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'";

/**
 * What the local host serves beside the API: the outbox, where mail stays here and nobody but this machine reaches the
 * host. A request must name it so, too: no page from elsewhere reads mail by a name of its own for this address.
 */
export function besideApi({ SMTP_URL, HOST }: Config, folder: string) {
  const shows = SMTP_URL === undefined && LOOPBACK.includes(HOST);
  return ({ method, path, header }: RawRequest): Promise<RawReply> | undefined => {
    if (!shows || method !== 'GET' || path !== '/dev/mail') return undefined;
    const name = (header('host') ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
    return LOOPBACK.includes(name) ? mailPage(folder) : undefined;
  };
}

/** The latest mails of the outbox, newest first; what cannot be read is left out. */
async function latest(folder: string): Promise<readonly (Mail & { readonly at: Date })[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'));
  const dated = await Promise.all(
    names.map(async (name) => {
      const file = await stat(join(folder, name)).catch(() => undefined);
      return file ? [{ name, at: file.mtime }] : [];
    }),
  );
  const newest = dated
    .flat()
    .sort((a, b) => b.at.getTime() - a.at.getTime())
    .slice(0, SHOWN);
  const mails = await Promise.all(
    newest.map(async ({ name, at }) => {
      const mail = Mail.safeParse(
        await readFile(join(folder, name), 'utf8')
          .then(JSON.parse)
          .catch(() => undefined),
      );
      return mail.success ? [{ ...mail.data, at }] : [];
    }),
  );
  return mails.flat();
}

function shown({ to, subject, text, html, headers = {}, at }: Mail & { readonly at: Date }): string {
  const lines = Object.entries(headers).map(([name, value]) => `${escaped(name)}: ${escaped(value)}\n`);
  return `<details>
<summary><strong>${escaped(subject)}</strong> to ${escaped(to)} <time>${at.toISOString()}</time></summary>
<pre>${lines.join('')}\n${escaped(text)}</pre>
<iframe sandbox="" srcdoc="${escaped(html)}" title="${escaped(subject)}"></iframe>
</details>`;
}

/** The page of the outbox in a data folder. */
async function mailPage(folder: string): Promise<RawReply> {
  const mails = await latest(join(folder, 'mail'));
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Mail of this machine</title>
<style>
body { max-width: 800px; margin: 24px auto; padding: 0 16px; font: 15px/1.5 Arial, sans-serif; color: #18181b }
details { border-bottom: 1px solid #d4d4d8; padding: 8px 0 } summary { cursor: pointer } time { color: #71717a }
pre { white-space: pre-wrap; overflow-wrap: anywhere } iframe { width: 100%; height: 480px; border: 1px solid #d4d4d8 }
</style>
</head>
<body>
<h1>Mail of this machine</h1>
<p>${mails.length === 0 ? 'None yet.' : `The latest ${mails.length}, newest first. None of it has left.`}</p>
<p>Its links lead to pages of a client, which is not here, but for the one that wants no more mail. The token of an
invitation goes to <code>POST /api/invitations/accept</code>, that of a new password to
<code>POST /api/identity/reset-password</code>.</p>
${mails.map(shown).join('\n')}
</body>
</html>
`;
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': POLICY,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
  };
  return { status: 200, headers, body };
}
