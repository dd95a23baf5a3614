// What a screen reader is told, and when: a stage's change, the end, a failure, a silence. Not every percent.
import type { ViewModel } from './view-model.ts';

/** The sentence to speak on the way from one view to the next, or undefined when it isn't worth an interruption. */
export function announcement(before: ViewModel | undefined, after: ViewModel): string | undefined {
  // A title that only counts on (how long a silence lasts, say) has been said.
  const isSame = before?.look === after.look && (before.title === after.title || after.look !== 'running');
  if (before === undefined || isSame) return undefined;
  const { look, title, attempt, percent, newest, notice } = after;
  const parts = { failed: [title, newest], silent: [notice], running: [title, attempt, percent] }[
    look as string
  ];
  return (parts ?? [title]).filter(Boolean).join(', ');
}
