// `run-progress token`: makes a token that the service accepts, from the service's own secret.
import { MIN_SECRET_BYTES, SCOPES } from '../http/token-rules.ts';
import { type Command, UsageError, type World } from './command.ts';
import { EXIT } from './exit-code.ts';
import { durationMs, parseOptions, runIds } from './options.ts';

const usage = `Usage: run-progress token --run RUN [--run RUN …] [options]

Prints a token (JWT, HS256) for a service that runs with the same PROGRESS_SECRET.

  --run RUN      a run that it is for; several, or '*' for every run
  --scope SCOPE  read (the default), publish or metrics; several: "read publish"
  --ttl TIME     how long it is good for: 90, 90s, 15m, 2h, 30d (default: 1h);
                 a token in a URL (?token=) may be good for 10 minutes at most
  --sub NAME     who bears it: limits of publishing are kept by this name

  export PROGRESS_SECRET=…   the service's; of several the first one signs
  run-progress token --run build-42
  run-progress token --run '*' --scope publish --ttl 90d --sub worker-1
  run-progress watch build-42 --token "$(run-progress token --run build-42)"
`;

const OPTIONS = {
  run: { type: 'string', multiple: true },
  scope: { type: 'string', default: 'read' },
  ttl: { type: 'string', default: '1h' },
  sub: { type: 'string' },
} as const;

/** Ten years. */
const MAX_TTL_SECONDS = 315_360_000;

export const token: Command = { usage, run };

async function run(args: readonly string[], { env, stdout }: World): Promise<number> {
  const { values, positionals } = parseOptions(args, OPTIONS);
  if (positionals.length > 0)
    throw new UsageError(`does not know what "${positionals[0]}" is: --run names a run`);
  const scopes = values.scope.split(/[ ,]+/).filter(Boolean);
  const unknown = scopes.find((scope) => !SCOPES.some((known) => known === scope));
  if (unknown !== undefined || scopes.length === 0)
    throw new UsageError(`--scope must be of ${SCOPES.join(', ')}, not "${values.scope}"`);
  const runs = values.run ?? [];
  const isOnlyMetrics = scopes.every((scope) => scope === 'metrics');
  if (runs.length === 0 && !isOnlyMetrics)
    throw new UsageError("--run must name a run, or be '*' for every run");
  const secret = secretOf(env.PROGRESS_SECRET);
  const seconds =
    Math.floor(Date.now() / 1000) + Math.ceil(durationMs('--ttl', values.ttl, MAX_TTL_SECONDS) / 1000);
  const { SignJWT } = await import('jose');
  const jwt = new SignJWT({ scope: scopes.join(' '), ...claimOf(runs) })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setExpirationTime(seconds);
  if (values.sub) jwt.setSubject(values.sub);
  stdout.write(`${await jwt.sign(secret)}\n`);
  return EXIT.ok;
}

function claimOf(names: readonly string[]): { run?: string | string[] } {
  if (names.length === 0) return {};
  if (names.includes('*')) return { run: '*' };
  const runs = runIds(names);
  return { run: runs.length === 1 && runs[0] ? runs[0] : runs };
}

function secretOf(value: string | undefined): Uint8Array {
  const [first = ''] = (value ?? '').split(',').map((secret) => secret.trim());
  if (first === '') throw new UsageError('needs PROGRESS_SECRET: the same as the service has');
  const key = new TextEncoder().encode(first);
  if (key.length >= MIN_SECRET_BYTES) return key;
  throw new UsageError(
    `PROGRESS_SECRET must be at least ${MIN_SECRET_BYTES} bytes long; the service refuses it, too`,
  );
}
