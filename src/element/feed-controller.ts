// Ties an element to the page's shared connection: watches its run while the element is in the document.
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { ConnectionStatus } from './connection-status.ts';
import { type Known, newRun } from './feed/known-run.ts';
import { type Hub, hubFor } from './feed/page-hub.ts';
import type { TokenProvider } from './feed/tokens.ts';
import type { FeedTarget } from './feed-target.ts';
import { toMessage } from './message.ts';
import { reduce } from './reducer.ts';
import { emptyRun } from './run-state.ts';

export interface FeedController extends ReactiveController {
  readonly known: Readonly<Known>;
  /** Watches this from now on. The same target again changes nothing; another run starts empty. */
  watch(target: FeedTarget): void;
  /** Asked for tokens from now on. Another function in its place doesn't disturb the connection: frameworks make a new one at each render. */
  setTokenProvider(provider: TokenProvider | undefined): void;
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
  let provider: TokenProvider | undefined;
  let hub: Hub | undefined;
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
    if (!target.server) {
      reportError(new TypeError('<run-progress> needs "server", the address of the service'));
      return;
    }
    const { run, token, transport, credentials } = target;
    const server = new URL(target.server, document.baseURI).href.replace(/\/*$/, '/');
    hub = hubFor({ server, token, transport, credentials, provider });
    release = hub.watch(run, known.state, take);
    // What it heard at once, of a run that others watch, may have made the page take it away.
    if (!host.isConnected) open();
  }

  const feed: FeedController = {
    get known() {
      return known;
    },
    watch(next) {
      if (target !== undefined && isSame(target, next)) return;
      if (target?.run !== next.run) known = { ...known, state: emptyRun };
      target = next;
      if (next.transport === 'manual') feed.setConnection('live');
      open();
    },
    setTokenProvider(next) {
      const isFirst = provider === undefined;
      provider = next;
      if (isFirst && next !== undefined) open();
      else hub?.setProvider(next);
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

/** By value; without JSON, which some old libraries bend (Prototype.js gives arrays a `toJSON`). */
function isSame(a: FeedTarget, b: FeedTarget): boolean {
  return (Object.keys(a) as (keyof FeedTarget)[]).every((key) => a[key] === b[key]);
}
