/** What `npm start` gives its process, for what runs its command without npm. */
import { readFileSync } from 'node:fs';

interface NpmStart {
  /** Environment variables. */
  readonly settings: Readonly<Record<string, string>>;
  /** Node's options; not all of them may stand in `NODE_OPTIONS`. */
  readonly flags: readonly string[];
}

/** To be called in the project's folder. */
export function npmStart(): NpmStart {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { start: string } };
  const [before = '', command = ''] = scripts.start.split(' exec ');
  const set = [...before.matchAll(/(\w+)=(\S+)/g)];
  return {
    settings: Object.fromEntries(set.map(([, name = '', value = '']) => [name, value])),
    flags: [...command.matchAll(/ (--[\w-]+=\d+)/g)].map(([, flag = '']) => flag),
  };
}
