// The stages of the pipeline as steps: passed, here, ahead, or where it failed.
import { STAGES } from './run.js';

/**
 * @typedef {object} StepsView
 * @property {(stage: number | null, outcome: ReturnType<typeof import('./run.js').outcomeOf>, words: import('./words.js').Words) => void} show
 *   `stage` as `stageOf` gives it.
 */

/** @param {HTMLElement} list @returns {StepsView} */
export function createStepsView(list) {
  const steps = STAGES.map(() => createStep());
  list.append(...steps.map(({ item }) => item));
  return {
    show: (stage, outcome, words) => {
      list.hidden = stage === null;
      if (stage === null) return;
      for (const [i, { item, name, also, said }] of steps.entries()) {
        const look = lookOf(i, stage, outcome);
        item.className = look;
        if (look === 'now') item.setAttribute('aria-current', 'step');
        else item.removeAttribute('aria-current');
        name.textContent = words.stages[i] ?? '';
        also.textContent = words.stagesAlso[i] ?? '';
        said.textContent = words.looks[look];
      }
    },
  };
}

/** @param {number} i @param {number} stage @param {string} outcome @returns {'past' | 'now' | 'failed' | 'ahead'} */
function lookOf(i, stage, outcome) {
  if (outcome === 'done' || i < stage) return 'past';
  if (i > stage) return 'ahead';
  return outcome === 'failed' ? 'failed' : 'now';
}

function createStep() {
  const item = document.createElement('li');
  const name = document.createElement('span');
  const also = document.createElement('span');
  also.className = 'also';
  // The other language says the same again, and the mark is a shape: for ears there is a word.
  also.ariaHidden = 'true';
  const said = document.createElement('span');
  said.className = 'unseen';
  item.append(name, ' ', also, ' ', said);
  return { item, name, also, said };
}
