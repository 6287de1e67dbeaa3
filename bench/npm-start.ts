/** What `npm start` sets for its process, for what runs its command without npm. */
import { readFileSync } from 'node:fs';

/** Environment variables, Node's flags among them as `NODE_OPTIONS`. To be called in the project's folder. */
export function settingsOfNpmStart(): Record<string, string> {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } };
  return settingsOf(scripts.start);
}

/** The settings of a command like `A=1 exec node --flag=2 file`. Throws when it is of another form, or sets no flag. */
export function settingsOf(script: string): Record<string, string> {
  const [before = '', command] = script.split(' exec ');
  const set = [...before.matchAll(/(\w+)=(\S+)/g)];
  const flags = [...(command ?? '').matchAll(/ (--[\w-]+=\d+)/g)].map(([, flag = '']) => flag);
  if (flags.length === 0) throw new Error(`No command after "exec" with flags of Node in "${script}"`);
  return {
    ...Object.fromEntries(set.map(([, name = '', value = '']) => [name, value])),
    NODE_OPTIONS: flags.join(' '),
  };
}
