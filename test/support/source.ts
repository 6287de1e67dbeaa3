/** A source file as the architecture rules see it: what it imports, what it calls. From its syntax tree, so that comments and texts do not count. */
import { posix } from 'node:path';
import ts from 'typescript';

interface Import {
  /** As written. */
  readonly from: string;
  /** Path from the root for own files (`shared/platform/store.ts`), else undefined. */
  readonly file: string | undefined;
  readonly names: readonly string[];
  /** Erased when it runs. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** One call or construction. `new Date()` is `{ name: 'new Date', args: 0 }`, `a.b.c(x)` is `{ name: 'a.b.c', args: 1 }`. */
export interface Call {
  readonly name: string;
  readonly args: number;
  /** The first argument when it is a plain text. */
  readonly text: string | undefined;
  readonly line: number;
}

export interface Source {
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  readonly calls: readonly Call[];
}

/** Reads one file. `path` is from the root, with slashes. */
export function parseSource(path: string, text: string): Source {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false);
  const imports: Import[] = [];
  const calls: Call[] = [];
  const lineOf = (node: ts.Node) => tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;

  function note(node: ts.Node, specifier: ts.Node | undefined, names: string[], typeOnly: boolean): void {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return;
    const from = specifier.text;
    const file = from.startsWith('.') ? posix.join(posix.dirname(path), from) : undefined;
    imports.push({ from, file, names, typeOnly, line: lineOf(node) });
  }

  function visit(node: ts.Node): void {
    if (ts.isImportDeclaration(node)) note(node, node.moduleSpecifier, ...importClause(node.importClause));
    else if (ts.isExportDeclaration(node)) note(node, node.moduleSpecifier, ['*'], node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      note(node, node.argument.literal, [], true);
    } else if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const [first] = node.arguments ?? [];
      if (node.expression.kind === ts.SyntaxKind.ImportKeyword) note(node, first, ['*'], false);
      calls.push({
        name: `${ts.isNewExpression(node) ? 'new ' : ''}${nameOf(node.expression)}`,
        args: node.arguments?.length ?? 0,
        text: first && ts.isStringLiteralLike(first) ? first.text : undefined,
        line: lineOf(node),
      });
    }
    ts.forEachChild(node, visit);
  }
  visit(tree);
  const lines = text.replace(/\n$/, '').split('\n').length;
  return { path, lines, imports, calls };
}

function importClause(clause: ts.ImportClause | undefined): [string[], boolean] {
  if (!clause) return [[], false];
  const bindings = clause.namedBindings;
  if (!bindings || ts.isNamespaceImport(bindings)) return [['*'], clause.isTypeOnly];
  const values = bindings.elements.filter((element) => !element.isTypeOnly);
  const typeOnly = clause.isTypeOnly || (values.length === 0 && bindings.elements.length > 0 && !clause.name);
  return [bindings.elements.map((element) => (element.propertyName ?? element.name).text), typeOnly];
}

/** `a.b.c` for such a chain; what is not a name in it (a call, an index) becomes `?`. */
function nameOf(node: ts.Node): string {
  if (ts.isIdentifier(node)) return node.text;
  if (ts.isPropertyAccessExpression(node)) return `${nameOf(node.expression)}.${node.name.text}`;
  return '?';
}
