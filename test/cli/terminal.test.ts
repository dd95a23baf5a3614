// `run-progress watch` in a real terminal: what stands on the screen while runs go on, when it is resized, and at the end.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pollUntil } from '../support/poll-until.ts';
import { publish } from '../support/publish.ts';
import { startService } from '../support/service.ts';

const service = await startService();
test.after(() => service.stop('SIGKILL'));
const CLI = `${process.execPath} ${resolve('dist/cli.js')}`;
const env = { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', RUN_PROGRESS_URL: service.url };

/** A terminal in which `command` runs; after it its exit code is shown. */
function openTerminal(t: TestContext, command: string, columns: number) {
  const socket = `run-progress-${process.pid}-${columns}`;
  const tmux = (...args: string[]) =>
    execFileSync('tmux', ['-L', socket, '-f', '/dev/null', ...args], {
      env,
      encoding: 'utf8',
    });
  const size = ['-x', String(columns), '-y', '12'];
  tmux(
    'new-session',
    '-d',
    '-s',
    't',
    ...size,
    `sh -c 'trap : INT; ${command}; echo "exit code $?"; exec cat'`,
  );
  t.after(() => tmux('kill-server'));
  // With what has scrolled away.
  const screen = () => tmux('capture-pane', '-p', '-S', '-', '-t', 't').trimEnd().split('\n');
  return {
    resize: (to: number) => tmux('resize-window', '-t', 't', '-x', String(to), '-y', '12'),
    press: (key: string) => tmux('send-keys', '-t', 't', key),
    /** Fulfilled with the screen once its last line begins so. */
    until: (last: string) =>
      pollUntil(`a last line ${last}`, async () => {
        const lines = screen();
        return lines.at(-1)?.startsWith(last) && lines;
      }),
  };
}

test('a run has one line that is drawn again, also after the terminal became narrower and wider', async (t) => {
  await publish(service, '우주', {
    state: 'PLOT_GENERATION',
    progress: 0.1,
    log: '플롯 생성 시작 👩‍👩‍👧 🎬',
  });
  const terminal = openTerminal(t, `${CLI} watch 우주`, 80);
  await terminal.until('██░░░░░░░░░░░░░░░░░░  10 %  PLOT_GENERATION');
  terminal.resize(40);
  await publish(service, '우주', { state: 'RENDERING', progress: 0.5, log: '렌더링 단계 시작' });
  await terminal.until('████░░░░  50 %  RENDERING');
  terminal.resize(80);
  await publish(service, '우주', { current: 12, total: 20, log: '열둘' });
  await terminal.until('████████████░░░░░░░░ 12/20  RENDERING');
  await publish(service, '우주', { state: 'END', progress: 1, log: '완료 🎉' });
  const lines = await terminal.until('exit code 0');
  const shown = lines.filter((line) => line !== '').map((line) => line.replace(/^[\d:]{8} {2}/, ''));
  assert.deepEqual(shown.slice(0, -2), ['플롯 생성 시작 👩‍👩‍👧 🎬', '렌더링 단계 시작', '열둘', '완료 🎉']);
  assert.match(shown.at(-2) ?? '', /^█{20} 12\/20 {2}END {15}\d+ sec$/);
});

test('several runs have a line each, and Ctrl-C leaves them', async (t) => {
  await publish(service, '렌더링-1', { state: 'RENDERING', current: 3, total: 40, attempt: 1 });
  const terminal = openTerminal(t, `${CLI} watch 렌더링-1 b`, 81);
  await publish(service, 'b', { state: 'QA', progress: 0.87 });
  await terminal.until('b         █████████████████░░░  87 %  QA');
  terminal.press('C-c');
  const lines = await terminal.until('exit code 130');
  assert.deepEqual(lines.slice(-4, -2), [
    '렌더링-1  █░░░░░░░░░░░░░░░░░░░  3/40  RENDERING         second attempt',
    'b         █████████████████░░░  87 %  QA',
  ]);
  assert.match(lines.at(-2) ?? '', /stopped watching; the run itself goes on$/);
});
