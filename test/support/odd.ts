/** Odd input, as fast-check arbitraries: what clients send by mistake or by malice. */
import fc from 'fast-check';

type JsonSchema = { readonly [key: string]: unknown };

const texts = [
  '',
  ' ',
  'x'.repeat(10_000),
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\u202e evil',
  '💍👩‍👩‍👧‍👦',
  'חתונה עرس',
  "Robert'); DROP TABLE events;--",
  '{{7*7}}#{7*7}',
  '../../etc/passwd',
  '%00%ff',
  '<script>alert(1)</script>',
  '=HYPERLINK("x")',
  '__proto__',
  'constructor',
  'null',
  'NaN',
  'ﬃ ΅ ẞ İ',
  '2026-02-30',
  '2026-02-30T10:00:00Z',
  '2026-03-08T02:30:00-05:00',
  '2026-11-01T01:30:00-04:00',
  '2026-03-29T01:30:00+00:00',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
  '+275760-09-13T00:00:00Z',
  '2026-13-45T99:99:99Z',
  '2026-11-20T09:00:00',
  '2026-11',
  '2026-00',
  '10000-01',
  'Mars/Olympus',
  'America/New_York',
  'Pacific/Apia',
  '0193b0a0-7c1e-7000-8000-000000000001',
  '00000000-0000-0000-0000-000000000000',
  'not-an-id',
  '90,180,99999',
  '-90.5,181,0',
  'NaN,NaN,1',
  '1,2,3,4',
] as const;

const numbers = [0, -0, -1, 1, 0.5, 1e308, -1e308, Number.MAX_SAFE_INTEGER, 2 ** 53, 2 ** 63, 1e-320] as const;

const oddText = fc.oneof(fc.constantFrom(...texts), fc.string({ unit: 'binary', maxLength: 60 }));
const oddScalar: fc.Arbitrary<unknown> = fc.oneof(
  oddText,
  fc.constantFrom(...numbers),
  fc.boolean(),
  fc.constant(null),
);

function nested(depth: number): unknown {
  let value: unknown = 'deep';
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** Any JSON value, seldom what anyone asked for. */
const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 5, arbitrary: oddScalar },
  { weight: 1, arbitrary: fc.array(oddScalar, { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.dictionary(oddText, oddScalar, { maxKeys: 4 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      nested(10),
      nested(60),
      nested(500),
      Array.from({ length: 2000 }, () => 'x'),
    ),
  },
);

type Resolve = (ref: string) => JsonSchema;

/** A value that mostly fits the schema and is odd here and there. */
export function almost(schema: JsonSchema, resolve: Resolve, depth = 0): fc.Arbitrary<unknown> {
  if (typeof schema.$ref === 'string') return almost(resolve(schema.$ref), resolve, depth);
  if (depth > 5) return oddValue;
  return fc.oneof({ weight: 4, arbitrary: fitting(schema, resolve, depth) }, { weight: 1, arbitrary: oddValue });
}

function fitting(schema: JsonSchema, resolve: Resolve, depth: number): fc.Arbitrary<unknown> {
  if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as unknown[]));
  if (schema.const !== undefined) return fc.constant(schema.const);
  const choices = (schema.anyOf ?? schema.oneOf ?? schema.allOf) as JsonSchema[] | undefined;
  if (choices) return fc.oneof(...choices.map((choice) => almost(choice, resolve, depth + 1)));
  const example = schema.example ?? (schema.examples as unknown[] | undefined)?.[0];
  switch (schema.type) {
    case 'object': {
      const properties = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>);
      const required = (schema.required ?? []) as string[];
      const known = Object.fromEntries(
        properties.map(([name, property]) => [name, almost(property, resolve, depth + 1)]),
      );
      return fc.record(known, { requiredKeys: required.filter((name) => name in known) });
    }
    case 'array':
      return fc.array(almost((schema.items ?? {}) as JsonSchema, resolve, depth + 1), { maxLength: 3 });
    case 'integer':
    case 'number':
      return fc.oneof(
        fc.integer({ min: Number(schema.minimum ?? 0), max: Number(schema.maximum ?? 1000) }),
        fc.constantFrom(...numbers),
      );
    case 'boolean':
      return fc.boolean();
    case 'string':
      return fc.oneof(...(example === undefined ? [] : [fc.constant(example)]), fittingText(schema), oddText);
    default:
      return oddValue;
  }
}

function fittingText(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (schema.format === 'date-time') return fc.constantFrom('2027-03-28T01:30:00Z', '2027-06-01T10:00:00+05:30');
  if (schema.format === 'date') return fc.constantFrom('2027-03-28', '2028-02-29');
  if (schema.format === 'email') return fc.constantFrom('a@b.example', 'Ä@ö.example');
  if (schema.format === 'uuid') return fc.uuid();
  return fc.constantFrom('Summer Gala', 'a', 'Ünïcödé', 'x'.repeat(Number(schema.maxLength ?? 20)));
}

export { oddText };
