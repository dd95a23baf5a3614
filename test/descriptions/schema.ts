// JSON Schema as far as the descriptions use it. A keyword that isn't known here fails, so that none is left unchecked.
import assert from 'node:assert/strict';

type Schema = Readonly<Record<string, unknown>>;

/** What only tells people something. */
const SILENT = new Set(['description', 'x-each-line']);

/** The value that a reference like "#/components/schemas/Event" or "other.json#/a/b" names. */
export type Resolve = (reference: string) => Schema;

/** What is wrong with `value`, or null. */
export function schemaProblem(schema: Schema, value: unknown, resolve: Resolve, at = '$'): string | null {
  for (const [keyword, rule] of Object.entries(schema)) {
    if (SILENT.has(keyword)) continue;
    const check = CHECKS[keyword];
    assert.ok(check, `a keyword that this test doesn't know: ${keyword}`);
    const problem = check({ rule, schema, value, resolve, at });
    if (problem !== null) return problem;
  }
  return null;
}

interface Place {
  rule: unknown;
  schema: Schema;
  value: unknown;
  resolve: Resolve;
  at: string;
}

type Check = (place: Place) => string | null;

const typeOf = (value: unknown) =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'array'
      : Number.isInteger(value)
        ? 'integer'
        : typeof value;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeOf(value) === 'object';
}

const demand = (isMet: boolean, { at, value }: Place, what: string) =>
  isMet ? null : `${at} must be ${what}, not ${JSON.stringify(value)}`;

function first(problems: Iterable<string | null>): string | null {
  for (const problem of problems) if (problem !== null) return problem;
  return null;
}

const CHECKS: Readonly<Record<string, Check>> = {
  $ref: ({ rule, value, resolve, at }) => schemaProblem(resolve(String(rule)), value, resolve, at),
  type: (place) => {
    const types = [place.rule].flat();
    const type = typeOf(place.value);
    return demand(
      types.includes(type) || (type === 'integer' && types.includes('number')),
      place,
      types.join(' or '),
    );
  },
  const: (place) => demand(place.value === place.rule, place, JSON.stringify(place.rule)),
  enum: (place) => demand((place.rule as unknown[]).includes(place.value), place, JSON.stringify(place.rule)),
  minimum: (place) => demand(!(Number(place.value) < Number(place.rule)), place, `${place.rule} or more`),
  maximum: (place) => demand(!(Number(place.value) > Number(place.rule)), place, `${place.rule} or less`),
  exclusiveMinimum: (place) =>
    demand(!(Number(place.value) <= Number(place.rule)), place, `over ${place.rule}`),
  minLength: (place) =>
    demand(typeof place.value !== 'string' || place.value.length >= Number(place.rule), place, 'longer'),
  maxLength: (place) =>
    demand(
      typeof place.value !== 'string' || [...place.value].length <= Number(place.rule),
      place,
      'shorter',
    ),
  minItems: (place) =>
    demand(!Array.isArray(place.value) || place.value.length >= Number(place.rule), place, 'longer'),
  maxItems: (place) =>
    demand(!Array.isArray(place.value) || place.value.length <= Number(place.rule), place, 'shorter'),
  pattern: (place) =>
    demand(new RegExp(String(place.rule)).test(String(place.value)), place, `like ${place.rule}`),
  items: ({ rule, value, resolve, at }) =>
    Array.isArray(value)
      ? first(value.map((item, i) => schemaProblem(rule as Schema, item, resolve, `${at}[${i}]`)))
      : null,
  required: (place) => {
    const { rule, value } = place;
    if (!isObject(value)) return null;
    return first((rule as string[]).map((name) => demand(name in value, place, `an object with "${name}"`)));
  },
  properties: ({ rule, value, resolve, at }) => {
    if (!isObject(value)) return null;
    const described = Object.entries(rule as Record<string, Schema>).filter(([name]) => name in value);
    return first(
      described.map(([name, schema]) => schemaProblem(schema, value[name], resolve, `${at}.${name}`)),
    );
  },
  additionalProperties: (place) => {
    const { schema, value } = place;
    if (!isObject(value)) return null;
    const unknown = Object.keys(value).filter((name) => !(name in (schema.properties as object)));
    return demand(unknown.length === 0, place, `without ${unknown.join(', ')}, which is not described`);
  },
  allOf: ({ rule, value, resolve, at }) =>
    first((rule as Schema[]).map((schema) => schemaProblem(schema, value, resolve, at))),
  oneOf: (place) => {
    const problems = (place.rule as Schema[]).map((schema) =>
      schemaProblem(schema, place.value, place.resolve, place.at),
    );
    const met = problems.filter((problem) => problem === null).length;
    return met === 1 ? null : `${place.at} meets ${met} of ${problems.length}: ${problems.join('; ')}`;
  },
};
