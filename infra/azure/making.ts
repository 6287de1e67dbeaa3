/**
 * The secrets of an environment, made where they are missing: written to the vault and nowhere else. Then the app is made
 * to take them up, because it was provisioned before they were there and looks again only once a day.
 */
import { newKeySet } from '../../shared/identity/keys.ts';
import { secretText } from '../../shared/platform/random.ts';
import { fromVault, intoVault, SECRETS, takenUp, type Vaulted } from './vault.ts';

export interface Making extends Vaulted {
  /** Written as SMTP-URL, whatever is there; left out, the vault keeps what it has. */
  readonly smtpUrl?: string | undefined;
}

/** Throws, naming what is wrong but no value, when the vault refuses or the app cannot read what it was given. */
export async function makeSecrets(making: Making): Promise<void> {
  const { say, clock, smtpUrl } = making;
  const wanted: readonly (readonly [name: string, make: () => Promise<string>])[] = [
    [SECRETS.signingKeys, () => newKeySet(clock)],
    [SECRETS.linkSecret, async () => secretText(32)],
  ];
  for (const [name, make] of wanted) {
    if ((await fromVault(making, name)) !== undefined) {
      say(`${name}: is there`);
      continue;
    }
    await intoVault(making, name, await make());
    say(`${name}: made`);
  }
  if (smtpUrl !== undefined) {
    await intoVault(making, SECRETS.smtpUrl, smtpUrl);
    say(`${SECRETS.smtpUrl}: written`);
  }
  await takenUp(making);
  say('The app reads them all.');
}
