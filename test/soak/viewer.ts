// A viewer of a run: comes, stays a while, goes, and comes back another way, until the run is done.
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import type { SnapshotMessage } from '../support/messages.ts';
import type { Random } from '../support/random.ts';
import { openSocket, type SocketMessage } from '../support/socket-reader.ts';
import { openSse } from '../support/sse-reader.ts';
import type { Fleet, Member } from './fleet.ts';
import type { Session } from './session.ts';

export interface ViewerOptions {
  runId: string;
  fleet: Fleet;
  random: Random;
  /** Each stay, when it is over. */
  onSession(session: Session): void;
  /** What no session shows. */
  onViolation(problem: string): void;
  /** Events of the run have been recorded, and were never flushed. */
  isKnown(): boolean;
}

const LONGEST_STAY_MS = 6000;
const MOST_POLLS = 20;
const POLLED_MS = 150;
const REFUSED_MS = 50;

interface Stay {
  messages: Session['messages'];
  /** The server said that there is nothing more to come. */
  isEnd?: boolean;
}

/** Fulfilled when it has seen the end. */
export async function view(options: ViewerOptions): Promise<void> {
  const { runId, fleet, random, onSession, onViolation } = options;
  let last: number | null = null;
  for (;;) {
    const member = fleet.member(random.below(fleet.size));
    const transport = (['sse', 'sse', 'sse', 'websocket', 'poll'] as const)[random.below(5)] ?? 'sse';
    const cursor = transport === 'poll' ? null : chooseCursor(last, random);
    try {
      const stay = await stayers[transport](member, cursor, options);
      onSession({ runId, transport, cursor, messages: stay.messages });
      const newest = stay.messages.at(-1);
      last = newest?.id || last;
      if (stay.isEnd || isDone(newest)) return;
    } catch (error) {
      // A server that is being restarted refuses, or resets: another one, or a little later. One that lives does not.
      if (!member.isGone) onViolation(`${runId}: ${transport} at server ${member.index}: ${error}`);
      await pause(REFUSED_MS);
    }
  }
}

/** Mostly as EventSource does; but pages are reloaded, and storage is old. */
function chooseCursor(last: number | null, random: Random): Session['cursor'] {
  const choice = random.below(20);
  if (choice === 0) return 'wrong';
  if (choice < 3) return 0;
  return choice < 6 ? null : last;
}

function cursorText(cursor: number | 'wrong', random: Random): string {
  if (cursor !== 'wrong') return String(cursor);
  return ['1, 2', '9007199254740000', '-5'][random.below(3)] ?? '';
}

/** Fulfilled when the stay is over; a quarter stays to the end. */
async function wishToGo(random: Random): Promise<void> {
  if (random.below(4) === 0) return new Promise(() => {});
  await pause(random.below(LONGEST_STAY_MS), undefined, { ref: false });
}

function isDone(message: SocketMessage | undefined): boolean {
  return message !== undefined && 'done' in message && message.done === true;
}

type Stayer = (member: Member, cursor: Session['cursor'], options: ViewerOptions) => Promise<Stay>;

const stayAtStream: Stayer = async (member, cursor, { runId, random, onViolation }) => {
  const headers = cursor === null ? {} : { 'Last-Event-ID': cursorText(cursor, random) };
  const reader = await openSse(member.service.eventsUrl(runId), headers);
  if (reader.status === 204) return { messages: [], isEnd: true };
  if (reader.status !== 200) throw new Error(`status ${reader.status}`);
  const how = await Promise.race([reader.ended, wishToGo(random)]);
  reader.close();
  const messages = reader.all().slice();
  if (how && !isDone(messages.at(-1)) && !member.isGone)
    onViolation(`${runId}: a stream of a server that lives ended (${how}) before the run did`);
  return { messages };
};

const stayAtSocket: Stayer = async (member, cursor, { runId, random, onViolation }) => {
  const query = cursor === null ? '' : `?last_event_id=${encodeURIComponent(cursorText(cursor, random))}`;
  const reader = await openSocket(member.service.webSocketUrl(runId) + query);
  const { socket, messages } = reader;
  const done = new Promise<void>((resolve) => {
    const look = () => {
      if (isDone(messages.at(-1))) resolve();
    };
    socket.on('message', look);
    look();
  });
  const closed = reader.closed.then(() => 'closed');
  const how = await Promise.race([closed, done, wishToGo(random)]);
  socket.terminate();
  if (how && !member.isGone) onViolation(`${runId}: a WebSocket of a server that lives was closed`);
  return { messages: messages.filter((message) => message.type !== 'pong') };
};

const stayByPolling: Stayer = async ({ service }, _cursor, { runId, random, isKnown, onViolation }) => {
  for (let polls = 1 + random.below(MOST_POLLS); polls > 0; polls--) {
    const mustBeKnown = isKnown();
    const { statusCode, body } = await request(`${service.url}/api/runs/${encodeURIComponent(runId)}`);
    const text = await body.text();
    if (statusCode === 404 && mustBeKnown && isKnown())
      onViolation(`${runId}: 404, though events are recorded`);
    if (![200, 404, 503].includes(statusCode))
      onViolation(`${runId}: a poll was answered ${statusCode} ${text}`);
    if (statusCode === 200) {
      const snapshot: SnapshotMessage = JSON.parse(text);
      if (snapshot.done || polls === 1) return { messages: [snapshot] };
    }
    await pause(POLLED_MS);
  }
  return { messages: [] };
};

const stayers: Record<Session['transport'], Stayer> = {
  sse: stayAtStream,
  websocket: stayAtSocket,
  poll: stayByPolling,
};
