// What `run-progress` says of itself, and to people who call it wrongly: always with what to do next.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { SECRET } from '../support/token.ts';
import { runCli } from './cli.ts';

const COMMANDS = ['watch', 'exec', 'publish', 'serve', 'token', 'doctor', 'demo', 'completion'];

test('--help names every command, and each command has its own, with examples', async () => {
  const { code, stdout } = await runCli(['--help']);
  assert.equal(code, 0);
  for (const name of COMMANDS) {
    assert.match(stdout, new RegExp(`^ {2}${name} `, 'm'));
    for (const args of [
      [name, '--help'],
      ['help', name],
    ]) {
      const help = await runCli(args);
      assert.equal(help.code, 0);
      assert.match(
        help.stdout,
        new RegExp(`^Usage: run-progress ${name}.*\\n {2}.*run-progress ${name}`, 's'),
      );
      for (const line of help.stdout.split('\n')) assert.ok(line.length <= 90, line);
    }
  }
});

const mistakes: [args: string[], env: Record<string, string>, said: string][] = [
  [['wach'], {}, 'run-progress: there is no command "wach"'],
  [['help', 'wach'], {}, 'run-progress: there is no command "wach"'],
  [
    ['publish', 'a', '--attempt', '-1'],
    {},
    '--attempt needs a value: one that begins with a dash is written --attempt=-1',
  ],
  [['publish', 'a', '--attempt=-1'], {}, '--attempt must be a whole number'],
  [['watch'], {}, 'run-progress watch: names no run: run-progress watch RUN'],
  [['watch', 'a', '--nope'], {}, "run-progress watch: Unknown option '--nope'"],
  [['watch', 'a', '--any', '--all'], {}, 'run-progress watch: --all and --any exclude each other'],
  [['watch', 'a', '--timeout', 'soon'], {}, '--timeout must be a time like 90, 90s, 15m or 2h, not "soon"'],
  [['watch', 'a', '--url', 'localhost:8000'], {}, '--url must be a URL like https://progress.example.com'],
  [['watch', 'a'], { RUN_PROGRESS_URL: 'foo' }, 'RUN_PROGRESS_URL must be a URL'],
  [['watch', 'a', '--url', 'http://u:secret@h'], {}, 'must hold no password'],
  [['watch', 'a\nb'], {}, "a run's name must not contain control characters"],
  [['watch', 'a', '--token', 'a b'], {}, 'the token must be visible ASCII'],
  [['publish'], {}, 'names no run'],
  [['publish', 'a', 'text'], {}, 'a log line is --log "text"'],
  [['publish', 'a', '--progress', '140%'], {}, '--progress must be'],
  [['publish', 'a', '--progress', 'half'], {}, '--progress must be a number, not "half"'],
  [['publish', 'a', '--data', '[1]'], {}, '--data must be a JSON object'],
  [['publish', 'a', '--data', '{'], {}, '--data must be a JSON object'],
  [
    ['publish', 'a', '--log', 'x'],
    { REDIS_URL: 'http://:a-secret-password@localhost' },
    'REDIS_URL must be a redis://',
  ],
  [['exec', 'a', 'true'], {}, 'names no command: run-progress exec RUN -- COMMAND'],
  [['exec', 'a', '--'], {}, 'names no command after the --'],
  [['exec', '--', 'true'], {}, 'must name one run before the --'],
  [['exec', 'a', '--state', '', '--', 'true'], {}, '--state must not be empty'],
  [['token', '--run', 'a'], {}, 'needs PROGRESS_SECRET'],
  [['token', '--run', 'a'], { PROGRESS_SECRET: 'a-secret-too-short' }, 'must be at least 32 bytes'],
  [['token'], { PROGRESS_SECRET: SECRET }, '--run must name a run'],
  [['token', '--run', 'a', '--scope', 'write'], {}, '--scope must be of read, publish, metrics, not "write"'],
  [['demo', '--seconds', '1 h'], {}, '--seconds must be a number from 0 to 86400'],
  [['serve', '8000'], {}, 'takes no arguments'],
  [['completion', 'fish'], {}, 'bash or zsh'],
];
for (const [args, env, said] of mistakes)
  test(`${['run-progress', ...args].join(' ')} ${Object.keys(env)} is a mistake that is explained`, async () => {
    const { code, stdout, stderr } = await runCli(args, env);
    assert.deepEqual([code, stdout], [2, '']);
    assert.ok(stderr.includes(said), stderr);
    assert.match(stderr, /--help/);
    assert.doesNotMatch(stderr, /secret/);
  });

test('completion offers commands and their options, to bash and to zsh', async () => {
  const { stdout } = await runCli(['completion', 'bash']);
  const completed = (words: string[]) =>
    execFileSync('bash', [
      '-c',
      `${stdout}\nCOMP_WORDS=(run-progress ${words.join(' ')}); COMP_CWORD=${words.length}; _run_progress; echo "\${COMPREPLY[@]}"`,
    ])
      .toString()
      .trim();
  assert.equal(completed(['wa']), 'watch');
  assert.equal(completed(['watch', '--from']), '--from-start');
  assert.equal(completed(['token', '--t']), '--ttl');
  assert.equal(completed(['completion', 'z']), 'zsh');
  const zsh = await runCli(['completion', 'zsh']);
  assert.match(zsh.stdout, /compdef _run_progress run-progress\n$/);
});

test('into a pipe whose reader is gone it ends, and says nothing', () => {
  const command = `"${process.execPath}" dist/cli.js --help | true; echo "\${PIPESTATUS[0]}"`;
  assert.match(execFileSync('bash', ['-c', command]).toString(), /^(0|141)\n$/);
});
