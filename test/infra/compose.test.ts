import { afterEach, expect, test } from 'vitest';
import { startTestHost, type TestHost } from '../support/host.ts';

let host: TestHost | undefined;
afterEach(() => host?.close());

async function invited(env: Readonly<Record<string, string>>) {
  const started = await startTestHost({ env });
  host = started;
  const { admin } = await started.organization();
  await admin.api.POST('/api/invitations', { body: { email: 'new@org.example', roles: ['viewer'] } });
  await started.settled();
  const link = /https?:\S+/.exec(started.mail.sent.at(-1)?.text ?? '')?.[0] ?? '';
  return { started, link };
}

test('with PORT=0 links in mail say where the host is, and the configuration stays as it was given', async () => {
  const { started, link } = await invited({ PORT: '0' });
  expect(new URL(link).origin).toBe(started.origin);
  expect(started.platform.config.PORT).toBe(0);
});

test('PUBLIC_URL comes first', async () => {
  const { link } = await invited({ PUBLIC_URL: 'https://api.example/marquee/' });
  expect(link).toMatch(/^https:\/\/api\.example\/marquee\/accept-invitation\?token=/);
});
