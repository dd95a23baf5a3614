// Progress in what real programs print. The lines were taken from their output.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLineProgress, type LineProgress } from '../../src/cli/line-progress.ts';

const lines: [line: string, progress: number | null][] = [
  ['[3/20] Building CXX object main.o', 3 / 20],
  ['[ 3/20] RUN make', 3 / 20],
  ['(12/40) installing gcc', 12 / 40],
  ['Step 3/20 : RUN make', 3 / 20],
  ['Epoch 3/20', 3 / 20],
  [' 45%|████▌     | 9/20 [00:04<00:05,  2.00it/s]', 9 / 20],
  ['images:  45%|████▌     | 9/20 [00:04<00:05,  2.00it/s, loss=3/4]', 9 / 20],
  [' 45%|████▌     | 9.00M/20.0M [00:04<00:05, 2.00MB/s]', 0.45],
  ['tests/test_a.py ...........                [ 45%]', 0.45],
  ['tests/test_b.py::test_one PASSED [100%]', 1],
  ['Progress: [ 15%]', 0.15],
  ['15% [Working]', 0.15],
  ['15%', 0.15],
  ['Receiving objects:  45% (9/20), 1.2 MiB', 9 / 20],
  ['file.iso           45%[========>          ] 200M  12.3MB/s', 0.45],
  ['  1,234,567  45%   12.34MB/s    0:00:12', 0.45],
  ['###########################               45.5%', 0.455],
  ['[ 45%] Building C object a.c.o', 0.45],
  ['Rendering 15 %', 0.15],
  ['it is done to 15%', 0.15],
  // What looks like it, and is none.
  ['2025/11/05 14:30 started', null],
  ['11/5', null],
  ['[5/3] tests failed', null],
  ['[1/0]', null],
  ['copied a/b/3/20/c', null],
  ['HTTP/1.1 200 OK', null],
  ['a discount of 15% was given to all', null],
  ['120%', null],
  ['(Reading database ... 45%', null],
  ['Reading package lists... 45%', null],
  ['Building dependency tree... 50%', null],
  ['[libx264 @ 0x5581c0] mb I  I16..4: 25.2%  2.1% 72.7%', null],
  ['video:265kB audio:0kB subtitle:0kB global headers:0kB muxing overhead: 2.542373%', null],
  ['', null],
  ['time=00:00:30.00 bitrate=1000', null],
];
const fractionOf = (found: LineProgress | null) =>
  found === null ? null : 'total' in found ? found.current / found.total : found.progress;
for (const [line, progress] of lines)
  test(`"${line}" is ${progress}`, () => assert.equal(fractionOf(createLineProgress()(line)), progress));

test('what a program counts stays a count', () => {
  assert.deepEqual(createLineProgress()('[3/20] main.o'), { current: 3, total: 20 });
  assert.deepEqual(createLineProgress()('[ 15%]'), { progress: 0.15 });
});

test('ffmpeg tells the duration first, and then the time', () => {
  const progressOf = createLineProgress();
  assert.equal(progressOf('  Duration: 00:01:00.00, start: 0.000000, bitrate: 1234 kb/s'), null);
  const line = 'frame=  720 fps=120 q=28.0 size=    1024kB time=00:00:30.00 bitrate= 279.6kbits/s speed=5.0x';
  assert.deepEqual(progressOf(line), { progress: 0.5 });
  assert.deepEqual(progressOf(line.replace('00:00:30', '00:01:01')), { progress: 1 });
  // The next one in a script has another.
  assert.equal(progressOf("Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'b.mp4':"), null);
  assert.equal(progressOf('  Duration: 00:00:40.00, start: 0.000000, bitrate: 1234 kb/s'), null);
  assert.deepEqual(progressOf(line), { progress: 0.75 });
});
