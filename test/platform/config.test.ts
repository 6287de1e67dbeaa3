/** Settings that would start and then do nothing of what they are for are refused, each with what it should be. */
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../shared/platform/config.ts';

describe('A setting that cannot work is refused', () => {
  test.each([
    ['PORT', 'seven', 'must be a number (Port of'],
    ['SEED', 'all', 'must be one of demo, none ('],
    ['PUBLIC_URL', 'localhost:7071', 'must be a URL such as https://api.example ('],
    ['CORS_ORIGINS', 'https://app.example,app.example', 'must be origins such as https://app.example, '],
    ['CORS_ORIGINS', 'https://app.example/', 'must be origins such as https://app.example, '],
    ['CORS_ORIGINS', '*', 'must be origins such as https://app.example, '],
    ['SMTP_URL', 'mail.example:587', 'must be a URL such as smtp://user:password@mail.example:587 ('],
    ['MAIL_FROM', 'Marquee', 'must hold an address, such as Marquee <no-reply@marquee.example> ('],
  ])('%s=%s', (name, value, told) => {
    expect(() => readConfig({ [name]: value })).toThrow(`- ${name}: ${told}`);
  });

  test('and those that can are taken', () => {
    const config = readConfig({
      PUBLIC_URL: 'http://localhost:7071/',
      CORS_ORIGINS: 'https://app.example, http://localhost:3000, capacitor://localhost',
      SMTP_URL: 'smtps://mail.example',
      MAIL_FROM: 'office@marquee.example',
    });
    expect(config.PUBLIC_URL).toBe('http://localhost:7071');
    expect(config.CORS_ORIGINS).toEqual(['https://app.example', 'http://localhost:3000', 'capacitor://localhost']);
  });
});
