// Numbers and durations for people, by Intl. Pure.

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** "42 sec", "8 min 12 sec", "1 hr": the largest units, at most `most`, down to the first that is none. */
export function formatDuration(locale: string, ms: number, most = 2): string {
  let seconds = Math.max(0, Math.floor(ms / 1000));
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const value = Math.floor(seconds / size);
    seconds %= size;
    if (value === 0 && (parts.length > 0 || unit !== 'second')) {
      if (parts.length > 0) break;
      continue;
    }
    parts.push(new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(value));
  }
  return parts.slice(0, most).join(' ');
}

/** Whole percent, cut rather than rounded: 99.9 % isn't finished. */
export function wholePercent(progress: number): number {
  return Math.floor(progress * 100 + 1e-6);
}

export function formatPercent(locale: string, progress: number): string {
  return new Intl.NumberFormat(locale, { style: 'percent' }).format(wholePercent(progress) / 100);
}
