// The bearer token for a service: a fixed one, or whatever the page's provider gives.

/** Asked at the start, 20 s before the token expires (`exp` of a JWT), and when the service refuses it. */
export type TokenProvider = () => string | Promise<string>;

export interface Tokens {
  /** The token to send, or "". Rejects with what the provider rejects with. */
  get(): Promise<string>;
  /** The service refused it: the provider is asked at the next `get`. True if there is a provider. */
  refuse(): boolean;
  /** Local time in ms from which on the provider is asked for another one. */
  renewAt(): number;
  /** Whether the service may have ended what the token was used for. */
  isEnding(): boolean;
  /** Asked from now on. The token at hand stays in use. */
  setProvider(provider: TokenProvider | undefined): void;
}

const MARGIN_MS = 20_000;
/** With a wrong local clock a fresh token looks expired. It is used for this long all the same. */
const LEAST_MS = 10_000;

export function createTokens(fixed: string, provider: TokenProvider | undefined): Tokens {
  let token = fixed;
  let renewAt = 0;
  let asking: Promise<void> | undefined;

  async function renew(ask: TokenProvider): Promise<void> {
    try {
      token = await ask();
      renewAt = Math.max(expiryOf(token) - MARGIN_MS, Date.now() + LEAST_MS);
    } catch (error) {
      // The page's own. The request that needs the token fails, and is tried again.
      reportError(error);
      throw error;
    } finally {
      asking = undefined;
    }
  }

  return {
    async get() {
      if (provider && Date.now() >= renewAt) {
        asking ??= renew(provider);
        await asking;
      }
      return token;
    },
    refuse() {
      renewAt = 0;
      return provider !== undefined;
    },
    renewAt: () => (provider ? renewAt : Number.POSITIVE_INFINITY),
    isEnding: () => Date.now() >= expiryOf(token) - MARGIN_MS,
    setProvider(next) {
      provider = next;
    },
  };
}

/** `exp` of a JWT in ms. Infinity for any other token. */
export function expiryOf(token: string): number {
  try {
    const [, claims = ''] = token.split('.');
    const { exp } = JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/')));
    return typeof exp === 'number' ? exp * 1000 : Number.POSITIVE_INFINITY;
  } catch {
    // InvalidCharacterError or SyntaxError: it is no JWT.
    return Number.POSITIVE_INFINITY;
  }
}
