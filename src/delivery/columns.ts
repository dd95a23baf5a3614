// How many columns of a terminal a text takes: two for Korean and emoji, none for combining marks. Pure.

// East Asian Width W and F (Unicode 17, EastAsianWidth.txt) outside of emoji, in blocks: an unassigned code point in one
// of them is wide, too.
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{20000}-\u{3fffd}]/u;
const EMOJI = /\p{Emoji_Presentation}|\ufe0f/u;
const INVISIBLE = /^[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff\ud7b0-\ud7fb]+$/u;
const PLAIN = /^[\x20-\x7e]*$/;

let segmenter: Intl.Segmenter | undefined;

/** What a reader takes for characters: an emoji of several code points is one. */
function clustersOf(text: string): Iterable<string> {
  if (PLAIN.test(text)) return text;
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

function clusterColumns(cluster: string): number {
  if (PLAIN.test(cluster)) return 1;
  if (INVISIBLE.test(cluster)) return 0;
  return WIDE.test(cluster) || EMOJI.test(cluster) ? 2 : 1;
}

/** Of a text without control characters. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const cluster of clustersOf(text)) columns += clusterColumns(cluster);
  return columns;
}

/** Filled with spaces up to `columns`; a longer text stays as it is. */
export function padColumns(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)));
}

/** At most `columns` wide: what is longer ends in `…`. */
export function cutColumns(text: string, columns: number): string {
  const whole = beginning(text, columns);
  if (whole.length === text.length) return text;
  return columns < 1 ? '' : `${beginning(text, columns - 1)}…`;
}

/** As many clusters as fit. */
function beginning(text: string, columns: number): string {
  let room = columns;
  let length = 0;
  for (const cluster of clustersOf(text)) {
    room -= clusterColumns(cluster);
    if (room < 0) break;
    length += cluster.length;
  }
  return text.slice(0, length);
}
