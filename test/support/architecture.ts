/** The rules of docs and architecture as functions over source files; each answers with what breaks it. */
import { builtinModules } from 'node:module';
import type { Call, Source } from './source.ts';

export interface Rule {
  readonly name: string;
  /** One line per violation: `path:line: what`. */
  check(source: Source, project: ReadonlyMap<string, Source>): readonly string[];
}

const MOST_LINES = 300;
/** Packages without I/O, clock or randomness, which decisions may use. */
const PURE_PACKAGES = ['zod', 'temporal-polyfill', 'libphonenumber-js', 'validator'];
/** Reading time and making ids; pure files may import the arithmetic beside them by name. */
const CLOCK = 'shared/platform/clock.ts';
const PURE_FROM_CLOCK = ['Clock', 'Ids', 'instantOf', 'later', 'SECOND', 'MINUTE', 'HOUR', 'DAY', 'NEVER'];
/** Doors beside models: the conflict engine's, and where a merged customer's things are. */
const DOORS = ['shared/claims/engine.ts', 'shared/claims/taking.ts', 'shared/customers/merged.ts'];

const isPure = (path: string) => /^shared\/[^/]+\/(rules|model)\.ts$/.test(path);
const isPlatform = (path: string) => path.startsWith('shared/platform/');
const isProduct = (path: string) => path.startsWith('shared/') || path.startsWith('functions/');
const sliceOf = (path: string) => /^shared\/([^/]+)\//.exec(path)?.[1];

/** A rule over single imports. */
function onImports(name: string, breaks: (path: string, from: Source['imports'][number]) => string | undefined): Rule {
  return {
    name,
    check: ({ path, imports }) =>
      imports.flatMap((from) => {
        const why = breaks(path, from);
        return why === undefined ? [] : [`${path}:${from.line}: ${why}`];
      }),
  };
}

/** A rule over single calls. */
function onCalls(name: string, breaks: (path: string, call: Call) => boolean): Rule {
  return {
    name,
    check: ({ path, calls }) =>
      calls.filter((call) => breaks(path, call)).map((call) => `${path}:${call.line}: ${call.name}(…)`),
  };
}

const impure = (from: string) =>
  from.startsWith('node:') ||
  builtinModules.includes(from) ||
  !PURE_PACKAGES.some((name) => from === name || from.startsWith(`${name}/`));

/** Follows what runs (not types) from a pure file to a package that does I/O. */
const pureFiles: Rule = {
  name: 'rules.ts and model.ts reach no I/O, no clock and no randomness, themselves or through what they import',
  check(source, project) {
    if (!isPure(source.path)) return [];
    const found: string[] = [];
    const seen = new Set([source.path]);
    const walk = (at: Source, way: string) => {
      for (const { from, file, names, typeOnly } of at.imports) {
        if (typeOnly && !from.startsWith('@azure/') && !from.startsWith('node:')) continue;
        const next = `${way} -> ${file ?? from}`;
        if (file === undefined && impure(from)) found.push(next);
        if (file === CLOCK && names.some((name) => !PURE_FROM_CLOCK.includes(name))) found.push(next);
        const target = file === undefined || file === CLOCK || typeOnly ? undefined : project.get(file);
        if (!target || seen.has(target.path)) continue;
        seen.add(target.path);
        walk(target, next);
      }
    };
    walk(source, source.path);
    return found;
  },
};

export const rules: readonly Rule[] = [
  pureFiles,
  onImports('the Azure SDKs are touched in functions/ and shared/platform/*.azure.ts alone', (path, { from }) => {
    const allowed = /^(functions\/|test\/|shared\/platform\/[^/]+\.azure\.ts$)/.test(path);
    return from.startsWith('@azure/') && !allowed ? `imports ${from}` : undefined;
  }),
  onImports("a slice imports only the model of another slice, or the conflict engine's door", (path, { file }) => {
    const own = sliceOf(path);
    const other = file && sliceOf(file);
    if (!own || !other || own === other || isPlatform(path) || isPlatform(file)) return undefined;
    return file === `shared/${other}/model.ts` || DOORS.includes(file) ? undefined : `imports ${file}`;
  }),
  onImports('the platform knows no slice', (path, { file }) =>
    isPlatform(path) && file && !isPlatform(file) && file.startsWith('shared/') ? `imports ${file}` : undefined,
  ),
  onImports(
    'nothing points outwards: shared/ to functions/ or infra/, functions/ to infra/, none to tests',
    (path, { file }) => {
      if (!file) return undefined;
      const outwards =
        (path.startsWith('shared/') && !file.startsWith('shared/')) ||
        (path.startsWith('functions/') && !isProduct(file)) ||
        (path.startsWith('infra/') && file.startsWith('test/'));
      return outwards && !file.endsWith('package.json') ? `imports ${file}` : undefined;
    },
  ),
  {
    name: 'no barrels',
    check: ({ path }) => (/(^|\/)index\.[cm]?[jt]s$/.test(path) ? [`${path}: is a barrel`] : []),
  },
  {
    name: `no file is longer than ${MOST_LINES} lines`,
    check: ({ path, lines }) => (lines > MOST_LINES ? [`${path}: ${lines} lines`] : []),
  },
  onCalls('time and ids are passed in, not taken', (path, { name, args }) => {
    if (!isProduct(path) || isPlatform(path)) return false;
    const clock = /^(Date\.now|Date)$|(^|\.)Temporal\.Now\./.test(name);
    const ids = /(^|\.)(randomUUID|randomBytes|randomInt|getRandomValues)$/.test(name) || name === 'Math.random';
    return clock || ids || (name === 'new Date' && args === 0);
  }),
  onImports(
    'no clock, no ids of its own: systemClock, systemIds and uuid stay in the platform',
    (path, { from, names }) => {
      if (!isProduct(path) || isPlatform(path)) return undefined;
      const taken = names.filter((name) => /^system(Clock|Ids)$/.test(name));
      if (from === 'uuid') taken.push('uuid');
      return taken.length > 0 ? `imports ${taken.join(', ')}` : undefined;
    },
  ),
  onCalls('only identity, timers and infra work in another organization', (path, { name }) => {
    const allowed = /^(shared\/identity|functions\/timers|infra|test|bench)\//.test(path);
    return name.endsWith('.inOrganization') && !allowed;
  }),
  onCalls('nothing is written to the console', (_, { name }) => name.startsWith('console.')),
  onCalls('functions/ holds no rule: it refuses nothing for the trade', (path, { name, text }) => {
    if (!path.startsWith('functions/')) return false;
    const ofTheTrade = ['rule_broken', 'wrong_state', 'conflict', 'already_exists'];
    return (
      ['broken', 'breaks', 'wrongState'].includes(name) || (name === 'new Refusal' && ofTheTrade.includes(text ?? ''))
    );
  }),
  {
    name: 'functions/ holds no rule: no rules, model or commands file',
    check: ({ path }) =>
      /^functions\/.*\b(rules|model|commands)\.ts$/.test(path) ? [`${path}: belongs to shared/`] : [],
  },
  onCalls(
    'no test is switched off or alone',
    (path, { name }) =>
      /^(test|it|describe|suite)(\.[a-z]+)*\.(skip|only|todo)$/i.test(name) && path.startsWith('test/'),
  ),
];

/** Everything that breaks a rule in a project of `path -> text`. */
export function violations(rule: Rule, project: ReadonlyMap<string, Source>): string[] {
  return [...project.values()].flatMap((source) => rule.check(source, project));
}
