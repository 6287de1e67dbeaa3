/** The whole system behind real HTTP, on a folder of its own, with a clock that the test holds. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { type Local, startLocal } from '../../infra/local/compose.ts';
import type { BuiltInRole } from '../../shared/identity/roles.ts';
import { readConfig } from '../../shared/platform/config.ts';
import type { Log } from '../../shared/platform/log.ts';
import type { Store } from '../../shared/platform/store.ts';
import type { Telemetry } from '../../shared/platform/telemetry.ts';
import { type Api, apiClient } from './client.ts';
import { type RecordedMail, recordedMail, silentLog, type TestClock, testClock } from './platform.ts';

export interface TestUser {
  readonly userId: string;
  readonly username: string;
  readonly token: string;
  readonly api: Api;
}

export interface TestOrganization {
  readonly orgId: string;
  readonly admin: TestUser;
  /** A user of that role alone, made by invitation on first use. */
  as(role: BuiltInRole): Promise<TestUser>;
}

export interface TestHost extends Local {
  readonly origin: string;
  readonly folder: string;
  readonly clock: TestClock;
  readonly mail: RecordedMail;
  /** Registers an organization with an admin. */
  organization(name?: string): Promise<TestOrganization>;
  /** A new session. */
  signIn(username: string): Promise<TestUser>;
  /** Waits until every fact has had its effects. */
  settled(): Promise<void>;
}

interface TestHostOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly at?: string;
  readonly log?: Log;
  readonly telemetry?: Telemetry;
  /** A folder to go on with; kept afterwards. */
  readonly folder?: string;
  /** Stands in the place of the embedded store, or before it. */
  readonly watch?: (store: Store) => Store;
}

export const PASSWORD = 'correct horse battery staple';
const roomy = { RATE_SIGNED_IN: '1000000', RATE_PUBLIC: '1000000', RATE_UPLOADS: '1000000', RATE_FAILURES: '1000000' };

export async function startTestHost(options: TestHostOptions = {}): Promise<TestHost> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'marquee-host-')));
  const clock = testClock(options.at);
  const mail = recordedMail();
  const config = readConfig({
    DATA_DIR: folder,
    PORT: '0',
    SEED: 'none',
    LOG_LEVEL: 'silent',
    BLOB_CONNECTION: inject('azurite'),
    ...roomy,
    ...options.env,
  });
  const local = await startLocal({
    config,
    clock,
    now: clock.time,
    mail,
    telemetry: options.telemetry,
    log: options.log ?? silentLog,
    timers: false,
    ...(options.watch ? { watch: options.watch } : {}),
  });
  const { origin } = local.host;
  let organizations = 0;

  async function settled(): Promise<void> {
    if (!(await local.relay.drained(10_000))) throw new Error('Facts are still on their way after ten seconds');
  }

  async function signIn(username: string): Promise<TestUser> {
    const { data, error } = await apiClient(origin).POST('/api/identity/authenticate', {
      body: { username, password: PASSWORD },
    });
    if (!data) throw new Error(`${username} cannot sign in: ${JSON.stringify(error)}`);
    const token = data.accessToken;
    return { userId: data.userId, username, token, api: apiClient(origin, token) };
  }

  async function invited(admin: TestUser, role: BuiltInRole, email: string): Promise<TestUser> {
    const { error } = await admin.api.POST('/api/invitations', { body: { email, roles: [role] } });
    if (error) throw new Error(`No invitation: ${JSON.stringify(error)}`);
    await settled();
    const token = /token=([\w.~-]+)/.exec(mail.sent.findLast(({ to }) => to === email)?.text ?? '')?.[1];
    if (!token) throw new Error(`No invitation was mailed to ${email}`);
    const accepted = await apiClient(origin).POST('/api/invitations/accept', {
      body: { token, username: email, password: PASSWORD, confirmPassword: PASSWORD, displayName: `The ${role}` },
    });
    if (accepted.error) throw new Error(`Not accepted: ${JSON.stringify(accepted.error)}`);
    return signIn(email);
  }

  async function organization(name?: string): Promise<TestOrganization> {
    organizations += 1;
    const domain = `org${organizations}.example`;
    const username = `admin@${domain}`;
    const { data, error } = await apiClient(origin).POST('/api/identity/register', {
      body: {
        username,
        password: PASSWORD,
        confirmPassword: PASSWORD,
        displayName: 'The admin',
        organizationName: name ?? `Organization ${organizations}`,
      },
    });
    if (!data) throw new Error(`Not registered: ${JSON.stringify(error)}`);
    const admin = await signIn(username);
    const users = new Map<BuiltInRole, Promise<TestUser>>([['admin', Promise.resolve(admin)]]);
    return {
      orgId: data.organizationId,
      admin,
      as(role) {
        const user = users.get(role) ?? invited(admin, role, `${role.toLowerCase()}@${domain}`);
        users.set(role, user);
        return user;
      },
    };
  }

  return {
    ...local,
    origin,
    folder,
    clock,
    mail,
    organization,
    signIn,
    settled,
    async close() {
      await local.close();
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
