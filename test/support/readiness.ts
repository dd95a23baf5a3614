// What a service says of itself at /readyz.
import assert from 'node:assert/strict';
import { request } from 'undici';
import { pollUntil } from './poll-until.ts';

export interface Readiness {
  ready: boolean;
  /** Why not; '' when it is ready. */
  reason: string;
}

export async function readiness(url: string): Promise<Readiness> {
  const { statusCode, body } = await request(`${url}/readyz`);
  const text = await body.text();
  if (statusCode === 200) return { ready: true, reason: '' };
  assert.equal(statusCode, 503, text);
  return { ready: false, reason: JSON.parse(text).detail };
}

export async function untilReady(url: string): Promise<void> {
  await pollUntil(`readiness of ${url}`, async () => (await readiness(url)).ready);
}

/** Fulfilled when it is not ready, for a reason like this one. */
export async function untilUnready(url: string, why: RegExp): Promise<void> {
  let last = '';
  const said = pollUntil(`a reason like ${why}`, async () => {
    const { ready, reason } = await readiness(url);
    last = ready ? 'ready' : reason;
    return !ready && why.test(reason);
  });
  await said.catch((error: unknown) => {
    throw new Error(`${error}; the last answer was "${last}"`);
  });
}
