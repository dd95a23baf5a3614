// A large JSON text as bytes, in parts. JSON allows white space between the parts, so each may stand on a line of its own.
// Texts that have something in common can share a part.

export interface JsonParts {
  /** Up to 32 KB of UTF-8 each, unless a single token is longer. Together they are the JSON. */
  readonly parts: readonly Buffer[];
  readonly byteLength: number;
  /** The parts joined, as text. */
  text(): string;
}

export interface JsonPartsBuilder {
  /** Whole tokens, as `,"a":` or `[1`. Bytes become a part of their own, and are not copied. */
  add(tokens: string | Buffer): void;
  end(): JsonParts;
}

const MAX_PART_BYTES = 32 * 1024;

export function createJsonParts(): JsonPartsBuilder {
  const parts: Buffer[] = [];
  let text = '';
  let bytes = 0;

  function finishPart() {
    if (text !== '') parts.push(Buffer.from(text));
    text = '';
    bytes = 0;
  }

  return {
    add: (tokens) => {
      const more = Buffer.byteLength(tokens);
      if (bytes + more > MAX_PART_BYTES || typeof tokens !== 'string') finishPart();
      if (typeof tokens === 'string') {
        text += tokens;
        bytes += more;
      } else parts.push(tokens);
    },
    end: () => {
      finishPart();
      return {
        parts,
        byteLength: parts.reduce((sum, part) => sum + part.length, 0),
        text: () => Buffer.concat(parts).toString(),
      };
    },
  };
}
