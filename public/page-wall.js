// Examples that follow no run: the wall of every state, drawn as the controls above it say, and the table's other rows.
import { byId } from './by-id.js';
import { exampleElement, exampleStates, nextMessage } from './page-states.js';

/** @typedef {{ draw: (words: import('./words.js').Words) => void }} Wall */

/** Examples that are under way stay so: without a word for a minute they would all turn silent. */
const KEEP_MS = 20_000;
const UNDER_WAY = ['running', 'estimated', 'unknown state', 'no percentage', 'attempt 2', 'counting', 'gap'];

/** @returns {Wall} */
export function createWall() {
  const wall = byId('wall', HTMLElement);
  const variant = byId('variant', HTMLSelectElement);
  const theme = byId('theme', HTMLSelectElement);
  const width = byId('width', HTMLInputElement);
  /** @type {import('./words.js').Words | undefined} */
  let words;
  /** @type {{ element: ReturnType<typeof exampleElement>, last: object }[]} */
  let underWay = [];

  function draw() {
    if (!words) return;
    const { language, states } = words;
    underWay = [];
    const examples = exampleStates(Date.now(), language);
    for (const place of document.querySelectorAll('[data-example]')) {
      const example = examples.find(({ name }) => name === place.getAttribute('data-example'));
      if (example) place.replaceChildren(exampleElement(example, 'compact', language));
    }
    wall.replaceChildren(
      ...examples.map((example) => {
        const card = document.createElement('div');
        card.className = `card ${example.name}`;
        const title = document.createElement('h3');
        title.textContent = states[example.name] ?? example.name;
        const kind = /** @type {'full' | 'compact' | 'ring'} */ (variant.value);
        const element = exampleElement(example, kind, language);
        const last = example.messages.at(-1);
        if (last && UNDER_WAY.includes(example.name)) underWay.push({ element, last });
        card.append(title, element);
        return card;
      }),
    );
    resize();
  }

  function keepUp() {
    for (const each of underWay) {
      each.last = nextMessage(each.last);
      each.element.receive(each.last);
    }
  }

  function resize() {
    wall.style.setProperty('--least', `${width.value}px`);
    const element = wall.querySelector('run-progress');
    byId('pixels', HTMLOutputElement).value = `${Math.round(element?.clientWidth ?? 0)} px`;
  }

  function colour() {
    wall.style.colorScheme = theme.value;
    wall.classList.toggle('themed', theme.selectedIndex > 0);
    resize();
  }

  variant.addEventListener('change', draw);
  theme.addEventListener('change', colour);
  width.addEventListener('input', resize);
  addEventListener('resize', resize);
  setInterval(keepUp, KEEP_MS);
  document.addEventListener('click', (event) => {
    // The links in examples lead to videos that nobody made.
    if (event.target instanceof HTMLAnchorElement && event.target.slot) event.preventDefault();
  });
  return {
    draw: (next) => {
      words = next;
      draw();
    },
  };
}
