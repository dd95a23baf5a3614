// Numbers and durations for people, by Intl. Pure; formatters are kept, since making one costs more than using it.

const formatters = new Map<string, Intl.NumberFormat>();

function format(locale: string, value: number, options: Intl.NumberFormatOptions): string {
  const key = `${locale} ${options.style} ${options.unit}`;
  let formatter = formatters.get(key);
  if (formatter === undefined) {
    formatter = new Intl.NumberFormat(locale, options);
    formatters.set(key, formatter);
  }
  return formatter.format(value);
}

function formatUnit(locale: string, value: number, unit: string): string {
  return format(locale, value, { style: 'unit', unit, unitDisplay: 'short' });
}

/** Whole percent, cut rather than rounded: 99.9 % isn't finished. */
export function formatPercent(locale: string, progress: number): string {
  return format(locale, Math.floor(progress * 100 + 1e-6) / 100, { style: 'percent' });
}

/** "42 sec", "8 min 12 sec", "1 hr 5 min": the two largest units. Less than a second counts as none. */
export function formatDuration(locale: string, ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'day'],
    [Math.floor(seconds / 3600) % 24, 'hour'],
    [Math.floor(seconds / 60) % 60, 'minute'],
    [seconds % 60, 'second'],
  ];
  const largest = parts.findIndex(([value]) => value > 0);
  if (largest < 0) return formatUnit(locale, 0, 'second');
  return parts
    .slice(largest, largest + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => formatUnit(locale, value, unit))
    .join(' ');
}

/** How long ago, by one unit: "12 sec", "3 min", "2 hr". */
export function formatAge(locale: string, ms: number): string {
  if (ms < 60_000) return formatUnit(locale, Math.floor(ms / 1000), 'second');
  if (ms < 3_600_000) return formatUnit(locale, Math.floor(ms / 60_000), 'minute');
  if (ms < 86_400_000) return formatUnit(locale, Math.floor(ms / 3_600_000), 'hour');
  return formatUnit(locale, Math.floor(ms / 86_400_000), 'day');
}
