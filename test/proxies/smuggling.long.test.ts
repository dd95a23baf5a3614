// The same as in smuggling.test.ts, before an HAProxy that uses its connections for any client.
import { test } from 'node:test';
import { haproxy } from './keep-alive-front.ts';
import { smugglingContract } from './smuggling-contract.ts';

test('no client of an HAProxy that keeps its connections gets the answer of another', (t) =>
  smugglingContract(t, haproxy));
