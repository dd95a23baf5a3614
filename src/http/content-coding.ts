// Which coding of a file a client gets, by its Accept-Encoding (RFC 9110, 12.5.3). Pure.

export type Coding = 'br' | 'gzip' | 'identity';

/** The quality of `identity` when the client does not name it: better than nothing. */
const UNNAMED = { identity: 0.0001, other: 0 };
const MEMBER = /^([!#$%&'*+.^_`|~0-9a-z-]+)(?:\s*;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/;

/** The best liked of what is offered; of several the first. Null: the client takes none. A member that is none is passed over. */
export function chooseCoding(accepted: string | undefined, offered: readonly Coding[]): Coding | null {
  // Any coding would be allowed then, but many clients that don't ask can't decode.
  if (accepted === undefined) return 'identity';
  const weights = new Map<string, number>();
  for (const member of accepted.toLowerCase().split(',')) {
    const [, name, weight = '1'] = MEMBER.exec(member.trim()) ?? [];
    if (name) weights.set(name === 'x-gzip' ? 'gzip' : name, Number(weight));
  }
  const weightOf = (coding: Coding) =>
    weights.get(coding) ?? weights.get('*') ?? UNNAMED[coding === 'identity' ? 'identity' : 'other'];
  const best = Math.max(...offered.map(weightOf));
  return (best > 0 && offered.find((coding) => weightOf(coding) === best)) || null;
}
