/** What `npm start` sets for its process, for what runs its command without npm. */
import { readFileSync } from 'node:fs';

/** Environment variables, Node's flags among them as `NODE_OPTIONS`. To be called in the project's folder. */
export function settingsOfNpmStart(): Record<string, string> {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } };
  const [before = '', command = ''] = scripts.start.split(' exec ');
  const set = [...before.matchAll(/(\w+)=(\S+)/g)];
  const flags = [...command.matchAll(/ (--[\w-]+=\d+)/g)].map(([, flag = '']) => flag);
  return {
    ...Object.fromEntries(set.map(([, name = '', value = '']) => [name, value])),
    NODE_OPTIONS: flags.join(' '),
  };
}
