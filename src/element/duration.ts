// Numbers and durations for people, by Intl. Pure.

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** A formatter takes longer to make than all the rest of a view. There are few of them: five for each locale. */
const formatters = new Map<string, Intl.NumberFormat>();

function format(locale: string, unit: string, value: number): string {
  const key = `${locale} ${unit}`;
  const formatter = formatters.get(key) ?? new Intl.NumberFormat(locale, optionsFor(unit));
  formatters.set(key, formatter);
  return formatter.format(value);
}

function optionsFor(unit: string): Intl.NumberFormatOptions {
  return unit === 'percent' ? { style: unit } : { style: 'unit', unit, unitDisplay: 'short' };
}

/** "42 sec", "8 min 12 sec", "1 hr": the largest unit and the one below it, or with `most` 1 the largest alone. */
export function formatDuration(locale: string, ms: number, most = 2): string {
  let seconds = Math.max(0, Math.floor(ms / 1000));
  // -1, for none at all, leaves the last of them: "0 sec".
  const largest = UNITS.findIndex(([, size]) => seconds >= size);
  const parts = UNITS.slice(largest)
    .slice(0, most)
    .map(([unit, size], index) => {
      const value = Math.floor(seconds / size);
      seconds %= size;
      return value === 0 && index > 0 ? '' : format(locale, unit, value);
    });
  return parts.filter(Boolean).join(' ');
}

/** Whole percent, cut rather than rounded: 99.9 % isn't finished. */
export function wholePercent(progress: number): number {
  return Math.floor(progress * 100 + 1e-6);
}

export function formatPercent(locale: string, progress: number): string {
  return format(locale, 'percent', wholePercent(progress) / 100);
}
