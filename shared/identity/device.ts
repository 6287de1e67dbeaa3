/** Tells a device from its User-Agent, in words. */
import Bowser from 'bowser';

/** `Firefox on Linux`; the beginning of the text itself for what is no browser. */
export function deviceOf(userAgent: string): string {
  if (userAgent === '') return 'Unknown device';
  const { browser, os } = Bowser.parse(userAgent);
  if (!browser.name) return userAgent.split(' ')[0]?.slice(0, 60) ?? 'Unknown device';
  return os.name ? `${browser.name} on ${os.name}` : browser.name;
}
