/** Routes as the Functions host tells them apart: ASP.NET templates, literal before constrained before free segments. */

interface HostRoute {
  readonly template: string;
  readonly methods: readonly string[];
}

type Segment =
  | { readonly literal: string }
  | { readonly parameter: string; readonly constraint: string | undefined; readonly rest: boolean };

export function segmentsOf(template: string): Segment[] {
  return template.split('/').map((text): Segment => {
    const [, star, parameter, constraint] = /^\{(\*?)(\w+)(?::(\w+))?\}$/.exec(text) ?? [];
    if (parameter !== undefined) return { parameter, constraint, rest: star === '*' };
    if (/[{}]/.test(text)) throw new Error(`"${template}": a segment is a literal or a parameter`);
    return { literal: text.toLowerCase() };
  });
}

/** Pairs of routes that a path can mean alike, with nothing that puts one before the other; `one | other` each. */
export function ambiguities(routes: readonly HostRoute[]): string[] {
  return routes.flatMap((one, at) =>
    routes
      .slice(at + 1)
      .filter((other) => one.methods.some((method) => other.methods.includes(method)))
      .filter(({ template }) => alike(segmentsOf(one.template), segmentsOf(template)))
      .map(({ template }) => `${one.template} | ${template}`),
  );
}

function alike(one: readonly Segment[], other: readonly Segment[]): boolean {
  if (one.map(rank).join() !== other.map(rank).join()) return false;
  return one.every((segment, at) => meet(segment, other[at]));
}

function rank(segment: Segment): number {
  if ('literal' in segment) return 1;
  if (segment.rest) return 4;
  return segment.constraint === undefined ? 3 : 2;
}

/** Whether some text is both; of the same rank, as they are compared. */
function meet(one: Segment, other: Segment | undefined): boolean {
  if (other && 'literal' in one && 'literal' in other) return one.literal === other.literal;
  return true;
}
