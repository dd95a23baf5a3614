// The files by which platforms know what to do: they can be read, name what is there, and agree with the service.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { contextOf, instructionsOf } from '../../scripts/deploy-check/dockerfile.ts';
import { parseConfig } from '../../src/config.ts';

const START = 'node dist/main.js';
const { port: PORT, shutdownMs } = parseConfig({});
const SHUTDOWN_SECONDS = shutdownMs / 1000;

/** YAML, TOML or JSON, as Python's parsers understand it. */
function parse(path: string) {
  const parser = {
    yaml: 'yaml.safe_load(text)',
    toml: 'tomllib.loads(text)',
    json: 'json.loads(text)',
  }[path.split('.').at(-1) ?? ''];
  const program = `import json, sys, tomllib, yaml; text = sys.stdin.read(); print(json.dumps(${parser}))`;
  return JSON.parse(
    execFileSync('/usr/bin/python3', ['-c', program], { input: readFileSync(path), encoding: 'utf8' }),
  );
}

/** The values of the lines `Name=value` of a unit, by their names. */
function parseUnit(path: string): Map<string, string> {
  const lines = readFileSync(path, 'utf8').matchAll(/^(\w+)=(.*)$/gm);
  return new Map(Array.from(lines, ([, name = '', value = '']) => [name, value]));
}

/** The path and port that a health check asks. */
function asked(command: readonly string[]): [path: string, port: string] {
  const url = new URL((command.at(-1) ?? '').replaceAll('"', '').replace('$PORT', String(PORT)));
  return [url.pathname, url.port];
}

const { scripts } = parse('package.json');
const dockerfile = instructionsOf(readFileSync('Dockerfile', 'utf8'));
const instructions = (wanted: string) =>
  dockerfile.filter(({ name }) => name === wanted).map(({ rest }) => rest);

test('every file that starts the service starts the built one, and lets no shell stand before it', () => {
  const [web] = parse('render.yaml').services;
  const unit = parseUnit('scripts/systemd/run-progress.service');
  // Heroku's bash starts it in its own place. Programs that read the file without a shell know no `exec`.
  assert.equal(readFileSync('Procfile', 'utf8'), `web: ${START}\n`);
  assert.equal(web.startCommand, `exec ${START}`);
  assert.deepEqual(JSON.parse(instructions('CMD')[0] ?? ''), START.split(' '));
  assert.equal(unit.get('ExecStart'), `/usr/bin/${START}`);
  assert.equal(scripts.start, `exec ${START}`);
  assert.ok(existsSync('dist/main.js'));
});

test('every script that a file calls is there', () => {
  const texts = ['Dockerfile', 'render.yaml'].map((path) => readFileSync(path, 'utf8')).join('\n');
  const called = Array.from(texts.matchAll(/npm run (\S+)/g), ([, name = '']) => name);
  assert.deepEqual(called, ['build']);
  for (const name of called) assert.ok(scripts[name]);
});

test('platforms ask /readyz before they send readers; what restarts the service asks /healthz', () => {
  const { services } = parse('compose.yaml');
  const [web] = parse('render.yaml').services;
  const fly = parse('fly.toml').http_service;
  assert.equal(web.healthCheckPath, '/readyz');
  assert.equal(parse('railway.json').deploy.healthcheckPath, '/readyz');
  assert.deepEqual(
    fly.checks.map(({ path }: { path: string }) => path),
    ['/readyz'],
  );
  assert.deepEqual(asked(services['run-progress'].healthcheck.test), ['/readyz', String(PORT)]);
  assert.deepEqual(asked(instructions('HEALTHCHECK')[0]?.split(' ') ?? []), ['/healthz', String(PORT)]);
});

test('they agree on the port', () => {
  assert.ok(instructions('ENV').includes(`NODE_ENV=production PORT=${PORT}`));
  assert.deepEqual(instructions('EXPOSE'), [String(PORT)]);
  const fly = parse('fly.toml');
  assert.deepEqual([fly.env.PORT, fly.http_service.internal_port], [String(PORT), PORT]);
  assert.deepEqual(parse('compose.yaml').services['run-progress'].ports, [`${PORT}:${PORT}`]);
});

test('they wait for the end of the service longer than it takes', () => {
  const compose = parse('compose.yaml').services['run-progress'];
  const unit = parseUnit('scripts/systemd/run-progress.service');
  const waits = {
    'compose.yaml': compose.stop_grace_period,
    'fly.toml': parse('fly.toml').kill_timeout,
    'railway.json': parse('railway.json').deploy.drainingSeconds,
    'render.yaml': parse('render.yaml').services[0].maxShutdownDelaySeconds,
    'run-progress.service': unit.get('TimeoutStopSec'),
  };
  for (const [file, wait] of Object.entries(waits))
    assert.ok(Number.parseInt(wait, 10) > SHUTDOWN_SECONDS, `${file}: ${wait}`);
});

test('where a Redis comes along, it evicts nothing, and the service is told its URL', () => {
  const [web, redis] = parse('render.yaml').services;
  assert.equal(redis.maxmemoryPolicy, 'noeviction');
  const url = web.envVars.find(({ key }: { key: string }) => key === 'REDIS_URL');
  assert.equal(url.fromService.name, redis.name);
  const { services } = parse('compose.yaml');
  assert.equal(services['run-progress'].environment.REDIS_URL, 'redis://redis:6379');
  assert.equal(services['run-progress'].depends_on.redis.condition, 'service_healthy');
  assert.match(services.redis.command.join(' '), /--appendonly yes .*--maxmemory-policy noeviction/);
});

test('the variables that the files set are ones that the service knows, with values that it takes', () => {
  const [web] = parse('render.yaml').services;
  const ofRender = web.envVars.filter(({ value }: { value?: string }) => value !== undefined);
  const variables = {
    ...Object.fromEntries(ofRender.map(({ key, value }: { key: string; value: string }) => [key, value])),
    ...parse('fly.toml').env,
  };
  for (const [key, { value }] of Object.entries<{ value?: string }>(parse('app.json').env))
    if (value !== undefined) variables[key] = value;
  parseConfig(variables);
  const readme = readFileSync('README.md', 'utf8');
  // That one is for Render.
  for (const name of Object.keys(variables))
    if (name !== 'NODE_VERSION') assert.ok(readme.includes(`\`${name}\``), name);
});

test('the image holds what it needs, is not run by root, and names the versions of its bases', () => {
  const context = contextOf(readFileSync('.dockerignore', 'utf8'));
  for (const path of context) assert.ok(existsSync(path), path);
  for (const name of ['package.json', 'package-lock.json', '.npmrc', 'src', 'public', 'scripts'])
    assert.ok(context.includes(name), name);
  assert.match(instructions('USER')[0] ?? '', /^[1-9]\d*:[1-9]\d*$/);
  for (const base of instructions('FROM')) assert.match(base, /^\w+:\d/);
});
