import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { routes } from '../../functions/registry.ts';
import { worldOf } from '../http/world.ts';
import { PASSWORD, startTestHost, type TestHost, type TestOrganization } from '../support/host.ts';

/** `CHROMIUM_PATH`, else where systems keep it. */
const executablePath = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
].find((path) => path !== undefined && existsSync(path));
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'];
const SLOW = 60_000;

vi.setConfig({ testTimeout: SLOW, hookTimeout: SLOW });

interface Described {
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly components: { readonly responses: Readonly<Record<string, { readonly content: Problems }>> };
}
interface Problems {
  readonly 'application/problem+json': {
    readonly examples: Readonly<Record<string, { readonly value: { readonly type: string } }>>;
  };
}

let host: TestHost;
let organization: TestOrganization;
let title: string;
beforeAll(async () => {
  host = await startTestHost();
  organization = await host.organization();
  const world = await worldOf(host, organization);
  title = String((await world.event()).title);
});
afterAll(() => host.close());

describe('the reference page', () => {
  /** Everything that a page names by `src`, `href`, `url()` or `import`. */
  function named(text: string): string[] {
    const found = text.matchAll(/(?:\b(?:src|href)=|url\(|@import\s*)["']?([^"')>\s]+)/g);
    return [...found].map(([, address = '']) => address);
  }

  test('is whole without any other site, under an exact policy', async () => {
    const page = await fetch(`${host.origin}/api/docs`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/^default-src 'none'/);
    expect(policy).not.toMatch(/unsafe-eval|https?:|\*/);
    expect(policy.split('; ')).toContain("script-src 'self'");
    expect(policy.split('; ')).toContain("connect-src 'self'");
    const html = await page.text();
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
    const assets = named(html).filter((address) => !address.startsWith('data:'));
    expect(assets.length).toBeGreaterThanOrEqual(3);
    // Also for who types a slash behind the address.
    for (const [address, page] of assets.flatMap((one) => ['docs', 'docs/'].map((at) => [one, at] as const))) {
      const url = new URL(address, `${host.origin}/api/${page}`);
      expect(url.origin, address).toBe(host.origin);
      const asset = await fetch(url);
      expect(asset.status, address).toBe(200);
      expect(asset.headers.get('x-content-type-options')).toBe('nosniff');
      expect(asset.headers.get('content-type')).toMatch(address.endsWith('.css') ? 'text/css' : 'text/javascript');
      if (!address.endsWith('.css')) continue;
      const inStyle = named(await asset.text()).filter((used) => !used.startsWith('data:') && !used.startsWith('#'));
      expect(inStyle).toEqual([]);
    }
  });

  test('describes every group, and gives every error an example of its own', async () => {
    const api = (await (await fetch(`${host.origin}/api/openapi.json`)).json()) as Described;
    for (const { name, description } of api.tags) expect(description.length, name).toBeGreaterThan(name.length);
    for (const [name, { content }] of Object.entries(api.components.responses)) {
      const examples = Object.entries(content['application/problem+json'].examples);
      expect(examples.length, name).toBeGreaterThan(0);
      for (const [code, { value }] of examples) expect(value.type).toBe(`urn:marquee:problem:${code}`);
    }
  });
});

describe.runIf(executablePath !== undefined)('the reference page in headless Chromium', () => {
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  let requests: string[];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: ARGS, timeout: SLOW });
  });
  afterAll(() => browser?.close());
  afterEach(() => page?.close());

  async function open(): Promise<void> {
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(SLOW);
    complaints = [];
    requests = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('requestfailed', (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
    page.on('request', (request) => requests.push(request.url()));
    // As text: these tests are compiled for Node, which knows no document.
    await page.addInitScript(`document.addEventListener('securitypolicyviolation', (event) =>
      console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))`);
    await page.goto(`${host.origin}/api/docs`);
    await page.locator('.opblock-tag').first().waitFor();
  }

  /** For who wants to look: `SCREENSHOTS=<folder>`. */
  async function shoot(name: string): Promise<void> {
    const folder = process.env.SCREENSHOTS;
    if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  }

  function expectNoComplaints(): void {
    expect(complaints).toEqual([]);
    const elsewhere = requests.filter((url) => new URL(url).origin !== host.origin && !url.startsWith('data:'));
    expect(elsewhere).toEqual([]);
  }

  /** Opens an operation, tries it out, and gives the status and body that the page shows. */
  async function tried(tag: string, id: string, body?: object): Promise<{ status: string; body: string }> {
    const operation = page.locator(`#operations-${tag}-${id}`);
    if (!(await operation.isVisible())) await page.locator(`.opblock-tag[data-tag="${tag}"]`).click();
    await operation.locator('.opblock-summary-control').click();
    await operation.locator('.try-out__btn').click();
    if (body) await operation.locator('textarea.body-param__text').fill(JSON.stringify(body));
    const answered = page.waitForResponse(
      (response) => response.url().includes('/api/') && response.request().resourceType() === 'fetch',
    );
    await operation.locator('button.execute').click();
    const shown = await (await answered).text();
    const live = operation.locator('.live-responses-table');
    await live.waitFor();
    const status = await live.locator('tbody .response-col_status').first().innerText();
    await live.locator('.highlight-code').first().waitFor();
    return { status: status.trim(), body: shown };
  }

  test('opens without an error, a breach of its policy or a request elsewhere', async () => {
    await open();
    await shoot('top');
    expect(await page.title()).toBe('Marquee API');
    expect(await page.locator('.opblock-tag').allInnerTexts()).toHaveLength(new Set(routes.map(({ tag }) => tag)).size);
    expectNoComplaints();
  });

  test('signs in, authorizes with the token it got, and reads events, all from the page', async () => {
    await open();
    const { username } = organization.admin;
    const signedIn = await tried('Identity', 'postIdentityAuthenticate', { username, password: PASSWORD });
    expect(signedIn.status).toBe('200');
    const { accessToken } = JSON.parse(signedIn.body) as { accessToken: string };
    await page.locator('.auth-wrapper .authorize').first().click();
    await page.locator('.modal-ux input').fill(accessToken);
    await page.locator('.modal-ux button.authorize').click();
    await page.locator('.modal-ux button.btn-done').click();
    const listed = await tried('Events', 'getEvents');
    await shoot('events');
    expect(listed.status).toBe('200');
    const { data } = JSON.parse(listed.body) as { data: { title: string }[] };
    expect(data.map((event) => event.title)).toEqual([title]);
    expect(await page.locator('#operations-Events-getEvents .live-responses-table').innerText()).toContain(title);
    expectNoComplaints();
  });

  test('shows what the API refuses to those who have not signed in', async () => {
    await open();
    const listed = await tried('Events', 'getEvents');
    expect(listed.status).toBe('401');
    expect(JSON.parse(listed.body).type).toBe('urn:marquee:problem:unauthenticated');
  });
});

if (executablePath === undefined) {
  test('no browser is installed: set CHROMIUM_PATH to try the page in one', async ({ annotate }) => {
    await annotate('The page was looked at without a browser only');
  });
}
