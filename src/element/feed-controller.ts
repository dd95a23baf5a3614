// Ties an element to the page's shared connection: watches its run while the element is in the document.
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { ConnectionStatus, TransportName } from './connection-status.ts';
import { type Known, newRun } from './feed/known-run.ts';
import { hubFor } from './feed/page-hub.ts';
import { toMessage } from './message.ts';
import { reduce } from './reducer.ts';
import { emptyRun } from './run-state.ts';

/** What to watch. `manual`: nothing is opened; the page passes messages in by itself. */
export interface FeedTarget {
  /** Absolute, or against the page. */
  server: string;
  run: string;
  token: string;
  transport: TransportName | 'auto' | 'manual';
}

export interface FeedController extends ReactiveController {
  readonly known: Readonly<Known>;
  /** Watches this from now on. The same target again changes nothing; another run starts empty. Throws without a server. */
  watch(target: FeedTarget): void;
  receive(value: unknown): void;
  setConnection(phase: ConnectionStatus['phase']): void;
}

/**
 * `onChange` hears of whatever changed, with what was before, and of which run: the element may have been told of
 * another one by then.
 */
export function createFeed(
  host: ReactiveControllerHost & Element,
  onChange: (run: string, known: Readonly<Known>, before: Readonly<Known>) => void,
): FeedController {
  let target: FeedTarget | undefined;
  let known: Readonly<Known> = { ...newRun(), clockOffsetMs: 0 };
  let release: (() => void) | undefined;

  function take(next: Partial<Known>): void {
    const before = known;
    known = { ...known, ...next };
    onChange(target?.run ?? '', known, before);
    host.requestUpdate();
  }

  function open(): void {
    release?.();
    release = undefined;
    if (!host.isConnected || !target?.run || target.transport === 'manual') return;
    const { token, transport } = target;
    const server = new URL(target.server, document.baseURI).href.replace(/\/$/, '');
    release = hubFor({ server, token, transport }).watch(target.run, (next) => {
      // An element that was away for a while still knows what the page has forgotten.
      take(next.state === emptyRun ? { ...next, state: known.state } : next);
    });
    // What it heard at once, of a run that others watch, may have made the page take it away.
    if (!host.isConnected) open();
  }

  const feed: FeedController = {
    get known() {
      return known;
    },
    watch(next) {
      if (JSON.stringify(target) === JSON.stringify(next)) return;
      if (next.run && !next.server && next.transport !== 'manual') {
        throw new TypeError('<run-progress> needs "server", the address of the service');
      }
      if (target?.run !== next.run) known = { ...known, state: emptyRun };
      target = next;
      if (next.transport === 'manual') feed.setConnection('live');
      open();
    },
    receive(value) {
      const message = toMessage(value);
      if (message !== undefined) take({ state: reduce(known.state, message) });
    },
    setConnection: (phase) => take({ status: { ...known.status, phase, since: Date.now() } }),
    hostConnected: open,
    hostDisconnected: open,
  };
  host.addController(feed);
  return feed;
}
