/**
 * What a deployment of Bicep files asks of Azure: every resource with its properties, loops unrolled, conditions decided,
 * modules followed. As much of the language as infra/azure uses; what is not known here throws.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Node } from 'web-tree-sitter';
import { type BicepFile, type Declaration, loopNames, named, textOf } from './bicep.ts';

export type Value =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly Value[]
  | { readonly [name: string]: Value };
type Fields = Readonly<Record<string, Value>>;

export interface Resource {
  readonly type: string;
  readonly version: string;
  /** With those of its parents: `marquee/events`. */
  readonly name: string;
  /** `name`s of what it is put on: a role assignment's scope. */
  readonly scope: string | undefined;
  readonly body: Fields;
  readonly file: string;
}

export interface Deployment {
  readonly resources: readonly Resource[];
  readonly outputs: Fields;
}

/** Something that only Azure knows, `id` or `properties.hostName` of a resource; as a value it is `<type/name:path>`. */
function settled(value: Value): Value {
  if (typeof value !== 'object' || value === null || !('.of' in value)) return value;
  return `<${value['.of']}:${value['.path']}>`;
}

const FUNCTIONS: Readonly<Record<string, (...given: Value[]) => Value>> = {
  contains: (object, key) => fieldsOf(object)[String(key)] !== undefined,
  deployer: () => ({ objectId: 'the-deployer' }),
  empty: (value) => value === '' || value === null || (typeof value === 'object' && Object.keys(value).length === 0),
  guid: (...parts) => `guid(${parts.join(',')})`,
  subscription: () => ({ id: '/subscriptions/s' }),
  subscriptionResourceId: (type, name) => `/subscriptions/s/providers/${type}/${name}`,
  tenant: () => ({ tenantId: 't' }),
  toLower: (text) => String(text).toLowerCase(),
  union: (...objects) => Object.assign({}, ...objects.map(fieldsOf)),
  uniqueString: () => 'abcdefghijklm',
};

/**
 * Deploys `path` with these parameters; throws for a parameter that is missing or that it does not have. `instead` has
 * what a JSON file holds for this once, by its path.
 */
export function deploy(
  files: ReadonlyMap<string, BicepFile>,
  path: string,
  params: Fields,
  instead: Fields = {},
): Deployment {
  const file = files.get(path);
  if (!file) throw new Error(`There is no ${path}`);
  const resources: Resource[] = [];
  const values = new Map<string, Value>();
  const declared = new Map(file.declarations.filter(({ kind }) => kind !== 'output').map((one) => [one.name, one]));
  for (const name of Object.keys(params)) {
    if (declared.get(name)?.kind !== 'param') throw new Error(`${path} has no parameter "${name}"`);
  }

  function resolved(name: string): Value {
    if (!values.has(name)) values.set(name, made(name));
    return values.get(name);
  }

  function made(name: string): Value {
    const one = declared.get(name);
    if (!one) throw new Error(`${path}: "${name}" is not declared`);
    if (one.kind === 'param' && params[name] !== undefined) return params[name];
    if (one.value === undefined) throw new Error(`${path}: the parameter "${name}" is missing`);
    if (one.kind === 'resource') return each(one.value, {}, (body, locals) => resource(one, body, locals));
    if (one.kind === 'module') return each(one.value, {}, (body, locals) => module(one, body, locals));
    return evaluated(one.value, {});
  }

  /** The body of a resource or module: once, for each of a loop, or not at all. */
  function each(node: Node, locals: Fields, work: (body: Node, locals: Fields) => Value): Value {
    const parts = named(node);
    if (node.type === 'if_statement') {
      return evaluated(parts[0], locals) === true && parts[1] ? each(parts[1], locals, work) : undefined;
    }
    if (node.type !== 'for_statement') return work(node, locals);
    const [item = '', index = ''] = loopNames(node);
    const [over, body] = parts.slice(1);
    const items = evaluated(over, locals);
    if (!Array.isArray(items) || !body) throw new Error(`${path}: a loop over ${over?.text}`);
    return items.map((value: Value, at) => each(body, { ...locals, [item]: value, [index]: at }, work));
  }

  function resource({ of }: Declaration, node: Node, locals: Fields): Value {
    const { parent, scope, name, dependsOn: _, ...body } = fieldsOf(evaluated(node, locals));
    const [type = '', version = ''] = of.split('@');
    const whole = parent === undefined ? String(name) : `${fieldsOf(parent)['.name']}/${name}`;
    const on = scope === undefined ? undefined : `${fieldsOf(scope)['.type']}/${fieldsOf(scope)['.name']}`;
    resources.push({ type, version, name: whole, scope: on, body, file: path });
    return { name: String(name), '.name': whole, '.type': type };
  }

  function module({ of }: Declaration, node: Node, locals: Fields): Value {
    const { params: given = {} } = fieldsOf(evaluated(node, locals));
    const inner = deploy(files, join(dirname(path), of), fieldsOf(given), instead);
    resources.push(...inner.resources);
    return { outputs: inner.outputs };
  }

  function member(object: Value, name: string, node: Node): Value {
    const fields = fieldsOf(object);
    if (name in fields) return fields[name];
    const { '.of': of = fields['.name'] && `${fields['.type']}/${fields['.name']}`, '.path': before } = fields;
    if (of === undefined) throw new Error(`${path}: ${node.text} is not there`);
    return { '.of': of, '.path': before === undefined ? name : `${before}.${name}` };
  }

  function evaluated(node: Node | undefined, locals: Fields): Value {
    if (!node) throw new Error(`${path}: something is missing`);
    const parts = named(node);
    const [first, second, third] = parts;
    const at = (part: Node | undefined) => evaluated(part, locals);
    switch (node.type) {
      case 'string':
        return parts
          .map((part) => (part.type === 'interpolation' ? String(settled(at(named(part)[0]))) : part.text))
          .join('');
      case 'number':
        return Number(node.text);
      case 'boolean':
        return node.text === 'true';
      case 'null':
        return null;
      case 'array':
        return parts.map((part) => settled(at(part)));
      case 'object':
        return Object.fromEntries(parts.map((property) => propertyOf(property, locals)));
      case 'parenthesized_expression':
        return at(first);
      case 'identifier':
        return node.text in locals ? locals[node.text] : resolved(node.text);
      case 'member_expression':
        return resourceMember(first, second, node, locals);
      case 'subscript_expression':
        return fieldsOf(at(first))[String(at(second))];
      case 'ternary_expression':
        return at(first) === true ? at(second) : at(third);
      case 'unary_expression':
        return at(first) !== true;
      case 'binary_expression':
        return binary(node.children[1]?.text, first, second, locals);
      case 'call_expression':
        return called(first, second, locals);
      default:
        throw new Error(`${path}: ${node.type} is not known here: ${node.text}`);
    }
  }

  function resourceMember(of: Node | undefined, name: Node | undefined, node: Node, locals: Fields): Value {
    return member(evaluated(of, locals), name?.text ?? '', node);
  }

  function propertyOf(property: Node, locals: Fields): [string, Value] {
    const [key, value] = named(property);
    if (!key) throw new Error(`${path}: a property without a name`);
    return [key.type === 'string' ? String(evaluated(key, locals)) : key.text, settled(evaluated(value, locals))];
  }

  function binary(
    operator: string | undefined,
    left: Node | undefined,
    right: Node | undefined,
    locals: Fields,
  ): Value {
    if (operator === '==') return evaluated(left, locals) === evaluated(right, locals);
    if (operator === '&&') return evaluated(left, locals) === true && evaluated(right, locals) === true;
    throw new Error(`${path}: the operator ${operator} is not known here`);
  }

  function called(callee: Node | undefined, given: Node | undefined, locals: Fields): Value {
    const parts = given ? named(given) : [];
    if (callee?.text === 'loadJsonContent' && parts[0]) {
      const json = join(dirname(path), textOf(parts[0]));
      return instead[json] ?? JSON.parse(readFileSync(json, 'utf8'));
    }
    const known = FUNCTIONS[callee?.text ?? ''];
    if (!known) throw new Error(`${path}: the function ${callee?.text} is not known here`);
    return known(...parts.map((part) => settled(evaluated(part, locals))));
  }

  for (const name of declared.keys()) resolved(name);
  const results = file.declarations.filter(({ kind }) => kind === 'output');
  return {
    resources,
    outputs: Object.fromEntries(results.map(({ name, value }) => [name, settled(evaluated(value, {}))])),
  };
}

function fieldsOf(value: Value): Fields {
  if (typeof value !== 'object' || value === null) throw new Error(`${String(value)} is no object`);
  return value as Fields;
}
