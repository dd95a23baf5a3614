// A badge: a run's state and percent as an SVG, in the shape that READMEs know. Pure.
import { columnsOf, cutColumns } from './columns.ts';
import { formatAmount, visibleText } from './text-lines.ts';

/** What is shown of a snapshot. */
export interface BadgeRun {
  state?: string | null;
  progress?: number | null;
  current?: number | null;
  total?: number | null;
  done?: boolean | undefined;
}

/** Px of a column of text, and on both sides of it. */
const COLUMN_WIDTH = 7;
const PADDING = 6;
const HEIGHT = 20;
const MAX_NAME_COLUMNS = 30;
const LABEL_COLOR = '#444c56';
const COLORS = { unknown: '#6e7781', running: '#0969da', complete: '#1a7f37', failed: '#cf222e' };
const FAILURE = /fail|error|cancel|abort/i;

/** `run` null: nobody has heard of it. */
export function formatBadge(runId: string, run: BadgeRun | null): string {
  const text = run ? [visibleText(run.state ?? ''), formatAmount(run)].filter(Boolean).join(' ') : '';
  const value = text || (run ? 'started' : 'unknown');
  return badge(cutColumns(visibleText(runId), MAX_NAME_COLUMNS), value, COLORS[kindOf(run)]);
}

function kindOf(run: BadgeRun | null): keyof typeof COLORS {
  if (!run) return 'unknown';
  if (!run.done) return 'running';
  return FAILURE.test(run.state ?? '') ? 'failed' : 'complete';
}

function badge(label: string, value: string, color: string): string {
  const labelWidth = columnsOf(label) * COLUMN_WIDTH + 2 * PADDING;
  const valueWidth = columnsOf(value) * COLUMN_WIDTH + 2 * PADDING;
  const width = labelWidth + valueWidth;
  const title = escapeXml(`${label}: ${value}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${HEIGHT}" role="img" aria-label="${title}"><title>${title}</title><clipPath id="r"><rect width="${width}" height="${HEIGHT}" rx="3"/></clipPath><g clip-path="url(#r)"><rect width="${labelWidth}" height="${HEIGHT}" fill="${LABEL_COLOR}"/><rect x="${labelWidth}" width="${valueWidth}" height="${HEIGHT}" fill="${color}"/></g><g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">${textAt(label, 0, labelWidth)}${textAt(value, labelWidth, valueWidth)}</g></svg>\n`;
}

/** `textLength`: whatever font a machine has, the text fits. */
function textAt(text: string, left: number, width: number): string {
  const length = width - 2 * PADDING;
  return `<text x="${left + width / 2}" y="14" textLength="${length}">${escapeXml(text)}</text>`;
}

const ENTITIES = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
]);

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES.get(character) ?? '');
}
