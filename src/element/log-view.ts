// The folded-out log: follows its end until the reader scrolls up, then keeps the line they read in its place.
import {
  html,
  nothing,
  type ReactiveController,
  type ReactiveControllerHost,
  type TemplateResult,
} from 'lit';
import { logWindow } from './log-window.ts';
import { copyIcon, downIcon } from './marks.ts';
import type { Line } from './run-state.ts';
import { phrase, type Words } from './words.ts';

type Host = ReactiveControllerHost & { renderRoot: HTMLElement | DocumentFragment };

const USUAL_HEIGHT = 24;

export interface LogView extends ReactiveController {
  render(lines: readonly Line[], words: Words): TemplateResult;
}

export function createLogView(host: Host): LogView {
  let heights = new WeakMap<Line, number>();
  let width = 0;
  let shown: readonly Line[] = [];
  let from = 0;
  let isFollowing = true;
  /** The last line the reader had when they left the end. */
  let lastSeen: Line | undefined;
  /** The line at the top of the viewport and how far it was scrolled past. */
  let anchor: { line: Line; offset: number } | undefined;
  let hasCopied = false;

  const scroller = () => host.renderRoot.querySelector<HTMLElement>('.lines');
  const heightOf = (line: Line | undefined) => (line && heights.get(line)) ?? USUAL_HEIGHT;
  const topOf = (index: number) => shown.slice(0, index).reduce((sum, line) => sum + heightOf(line), 0);

  function remember(element: HTMLElement): void {
    let top = 0;
    anchor = undefined;
    for (const line of shown) {
      const height = heightOf(line);
      if (top + height > element.scrollTop) {
        anchor = { line, offset: element.scrollTop - top };
        return;
      }
      top += height;
    }
  }

  function onScroll(event: Event): void {
    const element = event.currentTarget as HTMLElement;
    const wasFollowing = isFollowing;
    isFollowing = element.scrollTop + element.clientHeight >= element.scrollHeight - 8;
    if (wasFollowing && !isFollowing) lastSeen = shown.at(-1);
    remember(element);
    host.requestUpdate();
  }

  function toEnd(): void {
    isFollowing = true;
    host.requestUpdate();
  }

  async function copy(): Promise<void> {
    const text = shown.map((line) => line.text || '---').join('\n');
    try {
      await navigator.clipboard.writeText(text);
    } catch (error) {
      // NotAllowedError: the page or the reader forbids it. Saying "copied" would be a lie, and there is no other way.
      console.warn('run-progress: the log could not be copied', error);
      return;
    }
    hasCopied = true;
    host.requestUpdate();
    setTimeout(() => {
      hasCopied = false;
      host.requestUpdate();
    }, 2000);
  }

  function renderLine(line: Line, words: Words): TemplateResult {
    if (line.kind !== 'text') {
      return html`<div class="line rule" part="log-rule"><span>${words[line.kind]}</span></div>`;
    }
    const time = line.ts > 0 ? new Date(line.ts) : undefined;
    return html`<div class="line" part="log-line">
      <span class="text">${line.text}</span>
      ${
        time
          ? html`<time datetime=${time.toISOString()}>${time.toLocaleTimeString(words.locale, { hour12: false })}</time>`
          : nothing
      }
    </div>`;
  }

  function render(lines: readonly Line[], words: Words): TemplateResult {
    shown = lines;
    const element = scroller();
    const viewport = element?.clientHeight || 240;
    const total = topOf(lines.length);
    const anchorAt = anchor === undefined ? -1 : lines.indexOf(anchor.line);
    const wanted = isFollowing ? total : anchorAt < 0 ? 0 : topOf(anchorAt) + (anchor?.offset ?? 0);
    const view = logWindow(lines.length, (index) => heightOf(lines[index]), wanted, viewport);
    from = view.from;
    const unseen = isFollowing || lastSeen === undefined ? 0 : lines.length - 1 - lines.indexOf(lastSeen);
    // A log is told as a region one may go to; its lines are never read out as they come.
    return html`<div class="log" part="log" id="log">
      <div class="lines" role="log" aria-live="off" aria-label=${words.log} tabindex="0" @scroll=${onScroll}>
        <div .style=${`block-size:${view.above}px`}></div>
        ${lines.slice(view.from, view.to).map((line) => renderLine(line, words))}
        <div .style=${`block-size:${view.below}px`}></div>
      </div>
      ${
        unseen > 0
          ? html`<button class="more" part="log-more" type="button" @click=${toEnd}>
              ${phrase(words.newLines, { n: unseen })} ${downIcon}
            </button>`
          : nothing
      }
      ${
        // Absent on plain http and in some frames.
        navigator.clipboard
          ? html`<button class="copy" part="copy" type="button" @click=${copy} aria-label=${words.copy}>
              ${hasCopied ? words.copied : copyIcon}
            </button>`
          : nothing
      }
    </div>`;
  }

  function hostUpdated(): void {
    const element = scroller();
    if (element === null) {
      isFollowing = true;
      anchor = undefined;
      return;
    }
    if (element.clientWidth !== width) {
      // Lines wrap differently now: what was measured is void.
      width = element.clientWidth;
      heights = new WeakMap();
    }
    element.querySelectorAll<HTMLElement>('.line').forEach((row, index) => {
      const line = shown[from + index];
      if (line !== undefined) heights.set(line, row.getBoundingClientRect().height);
    });
    if (isFollowing) {
      element.scrollTop = element.scrollHeight;
      return;
    }
    const index = anchor === undefined ? -1 : shown.indexOf(anchor.line);
    if (anchor === undefined || index < 0) return;
    const top = topOf(index) + anchor.offset;
    if (Math.abs(element.scrollTop - top) > 1) element.scrollTop = top;
  }

  const view: LogView = { render, hostUpdated };
  host.addController(view);
  return view;
}
