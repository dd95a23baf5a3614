// Elects one tab of a browser to hold the connections, by Web Locks, and carries its words to the others.
// Knows nothing of runs: whoever leads publishes, whoever follows listens.

export interface TabsOptions<Post> {
  /** Same name, same group: one leader. */
  name: string;
  /** This tab holds the connections from now on, until `onFollow`. */
  onLead(): void;
  /** Another tab does. Called when the lock was taken away; a tab that never led is a follower without being told. */
  onFollow(): void;
  /** What another tab posted. */
  onPost(post: Post): void;
}

export interface Tabs<Post> {
  post(post: Post): void;
  /** The leader gave a sign. When none comes for two heartbeats a follower takes over. */
  heard(): void;
  /** Lets go of the lock, so that the next tab takes over. */
  leave(): void;
}

const SILENCE_MS = 30_000;
const CHECK_MS = 5_000;

/** Without Web Locks (plain http, a sandboxed frame) every page leads, itself alone: then there are no tabs. */
export function joinTabs<Post>({
  name,
  onLead,
  onFollow,
  onPost,
}: TabsOptions<Post>): Tabs<Post> | undefined {
  const { locks } = navigator;
  if (locks === undefined || typeof BroadcastChannel === 'undefined') {
    onLead();
    return undefined;
  }

  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }) => onPost(data as Post);
  let isLeader = false;
  let hasLeft = false;
  let release: (() => void) | undefined;
  let queue = new AbortController();
  let lastHeard = Date.now();
  let lastCheck = Date.now();

  function lead(): Promise<void> {
    if (hasLeft) return Promise.resolve();
    isLeader = true;
    onLead();
    return new Promise((resolve) => {
      release = resolve;
    });
  }

  async function request(isTheft: boolean): Promise<void> {
    let isGranted = false;
    queue = new AbortController();
    try {
      await locks.request(name, isTheft ? { steal: true } : { signal: queue.signal }, () => {
        isGranted = true;
        return lead();
      });
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      // SecurityError: an opaque origin has the interface but not the right. Then this page is on its own.
      if (error.name !== 'AbortError') return void lead();
      // AbortError: this tab gave up its place in the queue, or it led and the lock was stolen while it was frozen.
      if (!isGranted || hasLeft) return;
      isLeader = false;
      lastHeard = Date.now();
      onFollow();
      request(false);
    }
  }

  const timer = setInterval(() => {
    const now = Date.now();
    // Whoever slept can't say that the leader was silent: it slept as well.
    if (now - lastCheck > 3 * CHECK_MS && !document.hidden) lastHeard = now;
    lastCheck = now;
    if (isLeader || now - lastHeard < SILENCE_MS) return;
    lastHeard = now;
    queue.abort();
    request(true);
  }, CHECK_MS);

  request(false);
  return {
    post: (post) => channel.postMessage(post),
    heard() {
      lastHeard = Date.now();
    },
    leave() {
      hasLeft = true;
      clearInterval(timer);
      queue.abort();
      release?.();
      channel.close();
    },
  };
}
