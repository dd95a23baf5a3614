// The one request of the feed: `GET /api/events`, with each run's cursor, for a stream as for a look.

/** A service, and what is shown to it. */
export interface Endpoint {
  /** Absolute; ends in a slash. */
  server: string;
  credentials: RequestCredentials;
}

/** What routers and servers take as an address, with room for the rest of it. */
const MAX_QUERY_BYTES = 5_500;
/** `&last_event_id=` and 16 digits, and `&run=`. */
const CURSOR_BYTES = 36;

/** In groups that fit into an address each. Pure. */
export function groupRuns(runs: readonly string[]): string[][] {
  const groups: string[][] = [];
  let bytes = MAX_QUERY_BYTES;
  for (const run of runs) {
    const size = encodeURIComponent(run).length + CURSOR_BYTES;
    if (bytes + size > MAX_QUERY_BYTES) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(run);
    bytes += size;
  }
  return groups;
}

/** A run whose cursor is 0 begins with a snapshot. Pure. */
export function eventsQuery(runs: readonly string[], cursorOf: (run: string) => number): string {
  const parts = runs.map((run) => {
    const cursor = cursorOf(run);
    return `run=${encodeURIComponent(run)}${cursor > 0 ? `&last_event_id=${cursor}` : ''}`;
  });
  return parts.join('&');
}

/** `token` is a bearer token, or "". */
export type Ask = (query: string, token: string, signal: AbortSignal) => Promise<Response>;

/** The cursor stands in the address: as a header it would cost a preflight on every reconnection. */
export function createAsk({ server, credentials }: Endpoint): Ask {
  let isReached = false;
  return async (query, token, signal) => {
    try {
      const response = await fetch(`${server}api/events?${query}`, {
        headers: token ? { Authorization: `Bearer ${token}` } : {},
        cache: 'no-store',
        credentials,
        signal,
      });
      isReached = true;
      return response;
    } catch (error) {
      if (!isReached && !signal.aborted) warnOnce(server);
      throw error;
    }
  };
}

const warned = new Set<string>();

/** A browser doesn't say why: the page's author has to look in three places. */
function warnOnce(server: string): void {
  if (warned.has(server)) return;
  warned.add(server);
  const { origin } = location;
  const causes = server.startsWith(`${origin}/`)
    ? ''
    : ` Does its ALLOWED_ORIGINS name ${origin}, and this page's CSP (connect-src) the service?`;
  console.warn(`<run-progress> can't reach ${server}. Does the service run?${causes}`);
}
