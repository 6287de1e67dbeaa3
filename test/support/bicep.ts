/** Bicep files as their grammar reads them: what is declared in each, and what is wrong with it that can be seen. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Language, type Node, Parser } from 'web-tree-sitter';

export interface Declaration {
  readonly kind: 'param' | 'var' | 'resource' | 'module' | 'output';
  readonly name: string;
  /** `<type>@<version>` of a resource, the path of a module. */
  readonly of: string;
  /** The value, default or body; params without a default have none. */
  readonly value: Node | undefined;
}

export interface BicepFile {
  readonly path: string;
  readonly declarations: readonly Declaration[];
  /** What is neither grammar nor declared, one line each: `path:line: what`. */
  readonly problems: readonly string[];
}

const KINDS: Readonly<Record<string, Declaration['kind']>> = {
  parameter_declaration: 'param',
  variable_declaration: 'var',
  resource_declaration: 'resource',
  module_declaration: 'module',
  output_declaration: 'output',
};

let grammar: Promise<Parser> | undefined;

function parser(): Promise<Parser> {
  grammar ??= (async () => {
    await Parser.init();
    return new Parser().setLanguage(await Language.load('test/support/grammar/bicep.wasm'));
  })();
  return grammar;
}

async function readBicep(path: string): Promise<BicepFile> {
  return parsed(path, await readFile(path, 'utf8'));
}

/** The file and all the modules it names, by path. */
export async function withModules(path: string): Promise<ReadonlyMap<string, BicepFile>> {
  const files = new Map<string, BicepFile>();
  const queue = [path];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (files.has(next)) continue;
    const file = await readBicep(next);
    files.set(next, file);
    for (const module of file.declarations.filter(({ kind }) => kind === 'module')) {
      queue.push(join(dirname(next), module.of));
    }
  }
  return files;
}

export async function parsed(path: string, text: string): Promise<BicepFile> {
  const root = (await parser()).parse(text)?.rootNode;
  if (!root) throw new Error(`${path} cannot be parsed`);
  const declarations = named(root).flatMap((node): Declaration[] => {
    const kind = KINDS[node.type];
    if (kind === undefined) return [];
    const [name, ...rest] = named(node);
    const of = rest.find(({ type }) => type === 'string');
    const values = rest.filter(({ type }) => type !== 'type');
    const value = kind === 'resource' || kind === 'module' ? values.at(-1) : values[0];
    return [{ kind, name: name?.text ?? '', of: of ? textOf(of) : '', value }];
  });
  const at = (node: Node, what: string) => `${path}:${node.startPosition.row + 1}: ${what}`;
  const broken = all(root).filter((node) => node.isError || node.isMissing);
  const known = new Set(declarations.map(({ name }) => name));
  const uses = references(root);
  const unknown = uses.filter(({ text, id }) => !known.has(text) && !localsOf(root).some((local) => local(text, id)));
  const used = new Set(uses.map(({ text }) => text));
  const idle = declarations.filter(({ kind, name }) => (kind === 'param' || kind === 'var') && !used.has(name));
  const twice = declarations.filter(({ name, kind }, index) => {
    const others = declarations.slice(0, index).filter((other) => (other.kind === 'output') === (kind === 'output'));
    return others.some((other) => other.name === name);
  });
  return {
    path,
    declarations,
    problems: [
      ...broken.map((node) => at(node, `is not Bicep: ${node.text.slice(0, 60)}`)),
      ...unknown.map((node) => at(node, `"${node.text}" is not declared`)),
      ...idle.map(({ name }) => `${path}: "${name}" is never used`),
      ...twice.map(({ name }) => `${path}: "${name}" is declared twice`),
    ],
  };
}

/** Named children that are no comments. */
export function named(node: Node): Node[] {
  return node.namedChildren.filter((child): child is Node => child !== null && child.type !== 'comment');
}

function all(node: Node): Node[] {
  return [node, ...node.children.flatMap((child) => (child ? all(child) : []))];
}

/** What a loop calls its item and, where it is asked for, the number of it. */
export function loopNames(loop: Node): string[] {
  const [head] = named(loop);
  if (!head) return [];
  return (head.type === 'for_loop_parameters' ? named(head) : [head]).map(({ text }) => text);
}

/** A string without interpolation, as it is meant. */
export function textOf(node: Node): string {
  return named(node)
    .map(({ text }) => text)
    .join('')
    .replace(/\\(.)/g, '$1');
}

/** Identifiers that stand for a value: not names of declarations, of properties, of types or of functions. */
function references(root: Node): Node[] {
  return all(root).filter((node) => {
    if (node.type !== 'identifier') return false;
    const { parent } = node;
    if (!parent) return false;
    const first = named(parent)[0]?.id === node.id;
    if (parent.type in KINDS && first) return false;
    if (parent.type === 'object_property' && first) return false;
    return !(parent.type === 'call_expression' && first);
  });
}

/** The variables of loops, each good inside of its loop. */
function localsOf(root: Node): ((name: string, id: number) => boolean)[] {
  return all(root)
    .filter(({ type }) => type === 'for_statement')
    .map((loop) => {
      const inside = new Set(all(loop).map(({ id }) => id));
      const names = loopNames(loop);
      return (name, id) => inside.has(id) && names.includes(name);
    });
}
