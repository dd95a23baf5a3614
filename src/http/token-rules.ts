// The rules for tokens that need no library: the command line and the settings use only these.
export const SCOPES = ['read', 'publish', 'metrics'] as const;
export type Scope = (typeof SCOPES)[number];

/** RFC 7518, 3.2: a key of HS256 is as long as its hash. */
export const MIN_SECRET_BYTES = 32;
