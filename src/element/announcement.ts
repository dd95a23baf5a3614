// What a screen reader is told, and when: a stage's change, the end, a failure, a silence. Not every percent.
import type { ViewModel } from './view-model.ts';

/** The sentence to speak on the way from one view to the next, or undefined when it isn't worth an interruption. */
export function announcement(before: ViewModel | undefined, after: ViewModel): string | undefined {
  if (before === undefined) return undefined;
  if (before.look === after.look && before.title === after.title && before.attempt === after.attempt) {
    return undefined;
  }
  // A title that only counts on (the time a silence lasts, say) has been said.
  if (before.look === after.look && after.look !== 'running') return undefined;
  if (after.look === 'failed') return [after.title, after.newest].filter((part) => part !== '').join(': ');
  if (after.look === 'silent') return after.notice;
  return [after.title, after.attempt, after.look === 'running' ? after.percent : '']
    .filter((part) => part !== '')
    .join(', ');
}
