// What a screen reader is told, and when: a stage's change, the end, a failure, a silence. Not every percent.
import type { ViewModel } from './view-model.ts';

/**
 * The sentence to speak on the way from one view to the next, or undefined when it isn't worth an interruption.
 *
 * @param label What the page calls the run; "" when it has no name for it.
 */
export function announcement(
  before: ViewModel | undefined,
  after: ViewModel,
  label = '',
): string | undefined {
  // What a page learns of a run when it opens is no change: two hundred rows would speak two hundred sentences.
  if (before === undefined || (before.look === 'waiting' && !before.isWaitedFor)) return undefined;
  const { look, title, notes, percent, newest, notice } = after;
  // A run with long steps falls silent and comes back in each of them; what it is doing was said when it began.
  const isKnown = isUnderWay(before) && isUnderWay(after) && before.title === after.title;
  // A title that only counts on (how long a silence lasts, say) has been said.
  const isCounting = before.look === look && look !== 'running';
  if (isCounting || (isKnown && look === 'running')) return undefined;
  const parts = { failed: [title, newest], silent: [notice], running: [title, notes, percent] }[
    look as string
  ];
  return [label, ...(parts ?? [title])].filter(Boolean).join(', ');
}

function isUnderWay({ look }: ViewModel): boolean {
  return look === 'running' || look === 'silent';
}
