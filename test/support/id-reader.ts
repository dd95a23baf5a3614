// A reader of an event stream that looks at ids only: hundreds of them must not cost more than the service under test.
import { get } from 'node:http';

export interface IdReader {
  readonly ids: readonly number[];
  readonly snapshots: number;
  readonly gaps: number;
  readonly ended: Promise<'end' | 'broken'>;
  close(): void;
}

const ID_LINE = /^id: (\d+)$/gm;

export function openIdReader(url: string): Promise<IdReader> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false }, (response) => {
      const ids: number[] = [];
      const counts = { snapshots: 0, gaps: 0 };
      let rest = '';
      response.setEncoding('latin1');
      response.on('data', (chunk: string) => {
        rest += chunk;
        const end = rest.lastIndexOf('\n\n');
        if (end === -1) return;
        const whole = rest.slice(0, end);
        rest = rest.slice(end + 2);
        for (const [, id] of whole.matchAll(ID_LINE)) ids.push(Number(id));
        counts.snapshots += whole.split('{"type":"initial_state"').length - 1;
        counts.gaps += whole.split('"gap":true').length - 1;
      });
      const ended = new Promise<'end' | 'broken'>((resolveEnd) => {
        response.on('end', () => resolveEnd('end'));
        response.on('error', () => resolveEnd('broken'));
      });
      resolve({
        ids,
        get snapshots() {
          return counts.snapshots;
        },
        get gaps() {
          return counts.gaps;
        },
        ended,
        close: () => request.destroy(),
      });
    });
    request.on('error', reject);
  });
}
