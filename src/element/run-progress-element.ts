// The class of <run-progress>. Registering it is define.ts's, so that a page may register it under its own terms.
import { html, LitElement, nothing, type PropertyValues } from 'lit';
import { announcement } from './announcement.ts';
import type { ConnectionStatus } from './connection-status.ts';
import type { TokenProvider } from './feed/tokens.ts';
import { createFeed } from './feed-controller.ts';
import { type FeedTarget, targetOf } from './feed-target.ts';
import { languageOf } from './language.ts';
import { createLogView } from './log-view.ts';
import type { Data } from './message.ts';
import { createRemaining } from './remaining.ts';
import { fireChanges } from './run-events.ts';
import { textsOf } from './run-state.ts';
import { fillSlots } from './slot-data.ts';
import { readStages, type Stage } from './stages.ts';
import { styles } from './styles.ts';
import { compactView, fullView, ringView, type ViewParts } from './view.ts';
import { describe, type ViewModel } from './view-model.ts';
import { type Words, wordsFor } from './words.ts';

const RENDER_MS = 50;
const VARIANTS = { full: fullView, compact: compactView, ring: ringView };

/**
 * A live view of one run.
 *
 * Text in the light DOM shows until the element is defined. In the slots, `data-href` and `data-src` name
 * a field of the run's `data`: `<a slot="done" data-href="video_url">Watch</a>`.
 *
 * @tagname run-progress
 *
 * @attr {string} run-id - The run to watch.
 * @attr {string} server - Address of the service. Default: where the script came from; required with the npm export.
 * @attr {'full'|'compact'|'ring'} variant - `compact` is one line, for tables. Default: full.
 * @attr {string} label - Accessible name of the bar. Default: "Progress".
 * @attr {string} stages - JSON: `[{"state": "FETCH", "label": "Download", "until": 0.3}, …]`. Default: a video's.
 * @attr {string} failed-states - Terminal states that are failures, by comma. Default: FAILED.
 * @attr {'auto'|'stream'|'poll'|'manual'} transport - Forces one. `manual`: the page calls `receive()`.
 * @attr {string} token - Sent as a bearer token. One that expires: the property `tokenProvider`.
 * @attr {'same-origin'|'include'} credentials - `include` sends cookies to a service of another origin as well.
 *
 * @fires {CustomEvent<RunDetail>} run-progress - On each change.
 * @fires {CustomEvent<RunDetail>} run-complete - Once when the run is done; also when it was done before.
 * @fires {CustomEvent<RunDetail>} run-failed - Once when the run has failed.
 * @fires {CustomEvent<ConnectionStatus>} run-connection - When the connection or its transport changes.
 *
 * @slot done - Beside "Done".
 * @slot failed - Beside "Failed".
 *
 * @csspart base - All of it.
 * @csspart dot - The sign at the beginning of the line.
 * @csspart title - What it is doing.
 * @csspart percent - How far it is.
 * @csspart remaining - Elapsed and remaining time.
 * @csspart bar - Bar or ring.
 * @csspart fill - What is done of it.
 * @csspart stages - The row of stages.
 * @csspart stage - One of them.
 * @csspart message - The newest line.
 * @csspart notice - A silence, or a lost connection.
 * @csspart toggle - The button that unfolds the log.
 * @csspart log - The unfolded log.
 * @csspart log-line - A line of it.
 * @csspart log-rule - A gap, or a restart, between lines.
 * @csspart log-more - The button to the newest lines.
 * @csspart copy - The button that copies it.
 *
 * @cssprop --run-progress-accent - Bar and current stage.
 * @cssprop --run-progress-done - A finished run.
 * @cssprop --run-progress-warn - A silent run.
 * @cssprop --run-progress-fail - A failed run.
 * @cssprop --run-progress-track - The empty bar.
 * @cssprop --run-progress-text - Text. Default: the page's.
 * @cssprop --run-progress-muted - Secondary text.
 * @cssprop --run-progress-surface - Behind the log.
 * @cssprop --run-progress-radius - Corners of the log.
 * @cssprop --run-progress-height - Thickness of the bar.
 */
export class RunProgressElement extends LitElement {
  /** Used where an element has no `server`. The bundled script sets it to its own origin. */
  static defaultServer = '';

  static override styles = styles;

  static override properties = {
    runId: { attribute: 'run-id' },
    server: {},
    variant: {},
    label: {},
    transport: {},
    token: {},
    tokenProvider: { attribute: false },
    credentials: {},
    failedStates: { attribute: 'failed-states' },
    stages: {},
    words: { attribute: false },
    isLogOpen: { state: true },
  };

  declare runId: string;
  declare server: string;
  declare variant: 'full' | 'compact' | 'ring';
  declare label: string;
  declare transport: FeedTarget['transport'];
  declare token: string;
  /** Gives the token, instead of the attribute: at the start, 20 s before it expires, and when it was refused. */
  declare tokenProvider: TokenProvider | undefined;
  declare credentials: RequestCredentials;
  declare failedStates: string | null | undefined;
  declare stages: readonly Stage[] | undefined;
  /** Replaces any of the built-in words. */
  declare words: Partial<Words> | undefined;
  /** Undefined until the reader or a failure opened it. */
  declare private isLogOpen: boolean | undefined;

  #feed = createFeed(this, (run, known, before) => {
    this.#remaining.observe(known.state);
    fireChanges(this, run, known, before, (state) => this.#failed().includes(state ?? ''));
  });
  #log = createLogView(this);
  /** States for the style sheet. Attributes that the page didn't write would disturb hydration. */
  #states = this.attachInternals().states;
  #remaining = createRemaining();
  #view: ViewModel | undefined;
  #spoken = '';
  #renderedAt = 0;
  #clock: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.runId = '';
    this.server = '';
    this.variant = 'full';
    this.label = '';
    this.transport = 'auto';
    this.token = '';
    this.credentials = 'same-origin';
  }

  /** The run's state by its publisher's name; null until one was given. */
  get state(): string | null {
    return this.#feed.known.state.state;
  }

  /** 0 to 1; null until one was given. */
  get progress(): number | null {
    return this.#feed.known.state.progress;
  }

  /** The newest 500 lines, oldest first. */
  get logs(): string[] {
    return textsOf(this.#feed.known.state);
  }

  /** The newest `data` a publisher gave. */
  get data(): Data | null {
    return this.#feed.known.state.data;
  }

  get connection(): ConnectionStatus {
    return this.#feed.known.status;
  }

  /** With `transport="manual"`: takes in one message as the service sends them. */
  receive(message: unknown): void {
    this.#watch();
    this.#feed.receive(message);
  }

  /** With `transport="manual"`: how the page's own connection is. */
  setConnection(phase: ConnectionStatus['phase']): void {
    this.#watch();
    this.#feed.setConnection(phase);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // Ages and times count on by themselves, and what the page around it says (its language, what it slots) may change.
    this.#clock = setInterval(() => this.#tick(), 1000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#clock);
  }

  /** A few times a second is as often as a person can read, whatever arrives. A hidden page has no frames. */
  protected override async scheduleUpdate(): Promise<void> {
    // Unseen frames get no frame to draw in, and still want to hear of the end.
    this.#watch();
    const waitMs = this.#renderedAt + RENDER_MS - Date.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    if (!document.hidden) await new Promise(requestAnimationFrame);
    this.#renderedAt = Date.now();
    super.scheduleUpdate();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.get('runId')) {
      this.#remaining = createRemaining();
      this.isLogOpen = undefined;
      this.#log.follow();
    }
    if (changed.has('stages')) this.stages = readStages(this.stages);
    this.#watch();
  }

  protected override render() {
    const words = wordsFor(languageOf(this), this.words);
    const { lines } = this.#feed.known.state;
    const before = this.#view;
    const view = this.#describe(words);
    this.#view = view;
    this.#spoken = announcement(before, view, this.label) ?? this.#spoken;
    const isOpen = this.isLogOpen ?? (view.look === 'failed' && lines.length > 0);
    const parts: ViewParts = {
      view,
      words,
      label: this.label || words.label,
      before,
      lineCount: lines.filter(({ kind }) => kind === 'text').length,
      isLogOpen: isOpen,
      onToggleLog: () => {
        this.isLogOpen = !isOpen;
      },
      log: isOpen ? this.#log.render(lines, words) : nothing,
    };
    const variant = VARIANTS[this.variant] ? this.variant : 'full';
    this.#states.clear();
    this.#states.add(variant);
    return html`<div class="run ${variant} ${view.look} ${view.isAway ? 'away' : ''}" part="base">
      ${VARIANTS[variant](parts)}
      <div class="spoken" role="status">${this.#spoken}</div>
    </div>`;
  }

  protected override updated(): void {
    const { data } = this.#feed.known.state;
    const slot = this.renderRoot.querySelector('slot');
    if (slot !== null) fillSlots(slot.assignedElements(), data ?? {});
  }

  #describe(words = wordsFor(languageOf(this), this.words)): ViewModel {
    const { state: run, status, clockOffsetMs } = this.#feed.known;
    const now = Date.now();
    const isManual = this.transport === 'manual';
    return describe({
      run,
      // Without a run there is nothing to connect to; frameworks set it late.
      connection: this.runId || isManual ? status : { ...status, phase: 'live' },
      now,
      clockOffsetMs,
      words,
      stages: this.stages,
      failedStates: this.#failed(),
      remainingMs: this.#remaining.ms(now + clockOffsetMs),
      isManual,
      isFull: this.variant !== 'compact' && this.variant !== 'ring',
      isPageLoaded: document.readyState === 'complete',
    });
  }

  /** Renders only when that would show something else: most elements of a long table have nothing to count. */
  #tick(): void {
    if (JSON.stringify(this.#view) !== JSON.stringify(this.#describe())) this.requestUpdate();
    else if (this.hasUpdated) this.updated();
  }

  #watch(): void {
    this.#feed.setTokenProvider(this.tokenProvider);
    this.#feed.watch(targetOf(this, RunProgressElement.defaultServer));
  }

  #failed(): string[] {
    return (this.failedStates ?? 'FAILED').split(',').map((state) => state.trim());
  }
}
