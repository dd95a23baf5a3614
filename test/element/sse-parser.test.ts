// The element's own parser against eventsource-parser, on friendly and on hostile streams, cut anywhere.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { createSseParser } from '../../src/element/feed/sse-parser.ts';

type Seen = [event: string, data: string] | number;

function byOurs(chunks: readonly string[]): Seen[] {
  const seen: Seen[] = [];
  const feed = createSseParser(
    ({ event, data }) => seen.push([event, data]),
    (ms) => seen.push(ms),
  );
  chunks.forEach(feed);
  return seen;
}

function byTheirs(chunks: readonly string[]): Seen[] {
  const seen: Seen[] = [];
  const parser = createParser({
    onEvent: ({ event = '', data }) => seen.push([event, data]),
    onRetry: (ms) => seen.push(ms),
  });
  for (const chunk of chunks) parser.feed(chunk);
  return seen;
}

/** The stream in pieces that begin at these places. */
function cut(text: string, places: readonly number[]): string[] {
  const ends = [...places.map((place) => place % (text.length + 1)), text.length].sort((a, b) => a - b);
  return ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end)).filter((chunk) => chunk !== '');
}

test('it reads every stream as eventsource-parser does, however it is cut', () => {
  const field = fc.constantFrom('data', 'event', 'retry', 'id', 'foo', '', ' data');
  const value = fc.oneof(
    fc.constantFrom('', 'ping', '1500', ' x', '{"a":"b:c"}', '한국어 🎉', '\u2028'),
    fc.string(),
  );
  const line = fc.oneof(
    fc.constant(''),
    fc.tuple(field, fc.constantFrom(':', ': ', ':  ', ''), value).map((parts) => parts.join('')),
  );
  const end = fc.constantFrom('\n', '\r\n', '\r');
  const stream = fc
    .array(
      fc.tuple(line, end).map((parts) => parts.join('')),
      { maxLength: 30 },
    )
    .map((lines) => lines.join(''));
  fc.assert(
    fc.property(stream, fc.array(fc.nat()), (text, places) => {
      // Theirs swallows a byte order mark, which for ours the text decoder has done.
      fc.pre(!text.includes('\ufeff'));
      // A last carriage return is half a line end to ours, until more comes.
      const chunks = [...cut(text, places), '\n'];
      assert.deepEqual(byOurs(chunks), byTheirs(chunks));
    }),
    { numRuns: 2_000 },
  );
});

test('an event that was cut off is not given out', () => {
  assert.deepEqual(byOurs(['data: 1\n\ndata: 2\n', 'data: 3']), [['', '1']]);
});
