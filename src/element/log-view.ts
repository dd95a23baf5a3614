// The folded-out log: follows its end until the reader scrolls up. Its rows are kept by hand, one per line, so that a
// flood costs what is new and not the whole; the browser itself then holds the place of a reader who scrolled up.
// All lines are there (at most 500): a windowed list would be lost to find-in-page and to screen readers.
import { html, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from 'lit';
import { downIcon } from './marks.ts';
import type { Line } from './run-state.ts';
import { phrase, type Words } from './words.ts';

type Host = ReactiveControllerHost & { renderRoot: HTMLElement | DocumentFragment };

export interface LogView extends ReactiveController {
  render(lines: readonly Line[], words: Words): TemplateResult;
  /** From here on at the end, whoever scrolled up before: it is another run's. */
  follow(): void;
}

export function createLogView(host: Host): LogView {
  const rows = new WeakMap<Line, HTMLElement>();
  let shown: readonly Line[] = [];
  let words: Words;
  /** The last line when all were copied. */
  let lastCopied: Line | undefined;
  /** The last line there was when the reader left the end; undefined while following. */
  let lastSeen: Line | undefined;
  /** The last line when it was scrolled to the end. Scrolling there again, for nothing new, would hold the reader back. */
  let lastPinned: Line | undefined;
  let lastTop = 0;

  function onScroll({ currentTarget }: Event): void {
    const { scrollTop, clientHeight, scrollHeight } = currentTarget as HTMLElement;
    if (scrollTop + clientHeight >= scrollHeight - 8) lastSeen = undefined;
    else if (scrollTop < lastTop) lastSeen ??= shown.at(-1);
    // Nobody left the end: the lines have become narrower, and longer.
    else lastPinned = undefined;
    lastTop = scrollTop;
    host.requestUpdate();
  }

  function follow(): void {
    lastSeen = undefined;
    lastPinned = undefined;
  }

  function toEnd(): void {
    follow();
    host.requestUpdate();
  }

  async function copy(): Promise<void> {
    const last = shown.at(-1);
    try {
      await navigator.clipboard.writeText(shown.map((line) => line.text || '---').join('\n'));
      lastCopied = last;
      host.requestUpdate();
    } catch (error) {
      // No clipboard (plain http) or NotAllowedError (a frame, the reader): "copied" would be a lie.
      console.warn(error);
    }
  }

  function render(lines: readonly Line[], now: Words): TemplateResult {
    shown = lines;
    words = now;
    // By its time: after a reconnection the same line may have come again.
    const unseen = lastSeen ? lines.length - 1 - lines.findLastIndex(({ ts }) => ts === lastSeen?.ts) : 0;
    // A log is told as a region one may go to; its lines are never read out as they come.
    return html`<div class="log" part="log">
      <div class="lines" role="log" aria-live="off" aria-label=${words.log} tabindex="0" @scroll=${onScroll}></div>
      <div class="tools">
        <button class="more" part="log-more" ?hidden=${unseen === 0} @click=${toEnd}>
          ${phrase(words.newLines, { n: unseen })} ${downIcon}
        </button>
        <button class="copy" part="copy" @click=${copy}>
          ${lastCopied === lines.at(-1) ? words.copied : words.copy}
        </button>
      </div>
    </div>`;
  }

  function rowOf(line: Line): HTMLElement {
    const isText = line.kind === 'text';
    const row = element('div', isText ? 'line' : 'line rule');
    row.part.add(isText ? 'log-line' : 'log-rule');
    if (isText && line.ts > 0) {
      row.title = new Date(line.ts).toTimeString().slice(0, 8);
      row.append(element('time', '', row.title));
    }
    row.append(element('span', '', isText ? line.text : words[line.kind]));
    rows.set(line, row);
    return row;
  }

  function hostUpdated(): void {
    const box = host.renderRoot.querySelector('.lines');
    if (box === null) {
      follow();
      return;
    }
    let next = box.firstElementChild;
    for (const line of shown) {
      const row = rows.get(line);
      if (row?.parentNode === box) {
        while (next !== row) next = dropped(next);
        next = row.nextElementSibling;
      } else box.insertBefore(rowOf(line), next);
    }
    while (next !== null) next = dropped(next);
    if (lastSeen !== undefined || lastPinned === shown.at(-1)) return;
    lastPinned = shown.at(-1);
    box.scrollTop = box.scrollHeight;
  }

  const view: LogView = { render, follow, hostUpdated };
  host.addController(view);
  return view;
}

/** Removes a row; answers with the one after it. */
function dropped(row: Element | null): Element | null {
  const next = row?.nextElementSibling ?? null;
  row?.remove();
  return next;
}

function element(tag: string, className: string, text = ''): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}
