// JSON as text that any reader can cut into lines, and that any parser can read. Not a parser itself.

const LINE_SEPARATORS = /[\u2028\u2029\u0085]/g;
const ESCAPES = /\\(?:u(d[89a-f][0-9a-f]{2})|.)/g;

/** Any JSON value as `JSON.parse` gives it. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

/**
 * `JSON.stringify`, with U+2028, U+2029 and U+0085 escaped (readers like Python's `splitlines` break lines
 * there) and lone surrogates replaced by U+FFFD (they have no UTF-8 form, and some JSON parsers throw on them).
 */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value);
  const wellFormed = text.includes('\\ud') ? replaceLoneSurrogates(text) : text;
  return wellFormed.replace(LINE_SEPARATORS, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * JSON.stringify writes `\udXXX` for lone surrogates only. The expression consumes every escape sequence whole, so
 * that an escaped backslash before the letters "ud800" is left alone.
 */
function replaceLoneSurrogates(text: string): string {
  return text.replace(ESCAPES, (sequence, surrogate?: string) => (surrogate ? '\ufffd' : sequence));
}

/** Deeper than the stack allows, `JSON.stringify` throws where `JSON.parse` did not. A scalar has no levels. */
export function isNestedWithin(levels: number, value: Json): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (levels === 0) return false;
  const items = Array.isArray(value) ? value : Object.values(value);
  return items.every((item) => isNestedWithin(levels - 1, item));
}
