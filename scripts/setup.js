// Sees to it that what the tests need beside npm packages is there: a Redis, a Celery, browsers with Korean and emoji.
// Nothing is skipped where it isn't: as root on Debian it is installed, elsewhere the command is printed and we fail.
// With names of packages only those: node scripts/setup.js redis-server. With --all also what only the long tests need.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** A program that runs at all. @param {string} command @param {string[]} args */
const runs = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
/** On systems without dpkg fonts are taken for granted. @param {string} name */
const hasFont = (name) => {
  const { error, stdout } = spawnSync('dpkg-query', ['-s', name], { encoding: 'utf8' });
  return error !== undefined || stdout.includes('Status: install ok installed');
};

const needs = [
  { package: 'redis-server', why: 'a real Redis', isThere: () => runs('redis-server', '--version') },
  { package: 'openssl', why: 'a Redis with a certificate', isThere: () => runs('openssl', 'version') },
  {
    package: 'python3-celery',
    why: 'a real Celery worker',
    isThere: () => runs('/usr/bin/python3', '-c', 'import celery'),
  },
  {
    package: 'python3-redis',
    why: 'the worker publishes to Redis',
    isThere: () => runs('/usr/bin/python3', '-c', 'import redis'),
  },
  ...['requests', 'httpx', 'aiohttp', 'websockets'].map((name) => ({
    package: `python3-${name}`,
    why: "a client of other people's making",
    isThere: () => runs('/usr/bin/python3', '-c', `import ${name}`),
  })),
  { package: 'curl', why: "a client of other people's making", isThere: () => runs('curl', '--version') },
  {
    package: 'python3-gevent',
    why: 'a task in a greenlet',
    isThere: () => runs('/usr/bin/python3', '-c', 'import gevent'),
  },
  {
    package: 'python3-eventlet',
    why: 'a task in a green thread',
    isThere: () => runs('/usr/bin/python3', '-c', 'import eventlet'),
  },
  {
    package: 'python3-numpy',
    why: 'numbers as scientists have them',
    isThere: () => runs('/usr/bin/python3', '-c', 'import numpy'),
  },
  {
    package: 'python3-tqdm',
    why: 'a progress bar in Python',
    isThere: () => runs('/usr/bin/python3', '-c', 'import tqdm'),
  },
  {
    package: 'python3-rq',
    why: 'a real RQ worker',
    isThere: () => runs('/usr/bin/python3', '-c', 'import rq'),
  },
  {
    package: 'python3-pytest',
    why: 'tests whose progress is reported',
    isThere: () => runs('/usr/bin/python3', '-c', 'import pytest'),
  },
  ...['jwt', 'fastapi', 'uvicorn', 'django'].map((name) => ({
    package: `python3-${name}`,
    why: 'an app that people have already',
    isThere: () => runs('/usr/bin/python3', '-c', `import ${name}`),
  })),
  {
    package: 'python3-yaml',
    why: "platforms' files",
    isThere: () => runs('/usr/bin/python3', '-c', 'import yaml'),
  },
  {
    package: 'uwsgi-plugin-python3',
    why: 'a web server that runs no threads',
    isThere: () => existsSync('/usr/lib/uwsgi/plugins/python3_plugin.so') && runs('uwsgi', '--version'),
  },
  {
    package: 'prometheus',
    why: 'its promtool reads our alerts',
    isThere: () => runs('promtool', '--version'),
  },
  { package: 'tmux', why: 'a real terminal', isThere: () => runs('tmux', '-V') },
  { package: 'patch', why: "a guide's diff is applied", isThere: () => runs('patch', '--version') },
  { package: 'nginx', why: 'a real proxy', isThere: () => runs('nginx', '-v') },
  { package: 'chromium', why: 'a real browser', isThere: () => runs('chromium', '--version') },
  { package: 'firefox-esr', why: 'another real browser', isThere: () => runs('firefox-esr', '--version') },
  { package: 'fonts-noto-cjk', why: 'Korean text', isThere: () => hasFont('fonts-noto-cjk') },
  { package: 'fonts-noto-color-emoji', why: 'emoji', isThere: () => hasFont('fonts-noto-color-emoji') },
];

/** What only the tests named *.long.test.ts need. */
const longNeeds = [
  { package: 'nginx', why: 'a proxy', isThere: () => runs('/usr/sbin/nginx', '-v') },
  { package: 'haproxy', why: 'a proxy', isThere: () => runs('/usr/sbin/haproxy', '-v') },
  { package: 'apache2', why: 'a proxy', isThere: () => runs('/usr/sbin/apache2', '-v') },
  { package: 'varnish', why: 'a cache', isThere: () => runs('/usr/sbin/varnishd', '-V') },
  { package: 'lighttpd', why: 'a proxy', isThere: () => runs('/usr/sbin/lighttpd', '-v') },
  ...['openssl', 'deflate'].map((name) => ({
    package: `lighttpd-mod-${name}`,
    why: 'what a proxy does beside',
    isThere: () => existsSync(`/usr/lib/lighttpd/mod_${name}.so`),
  })),
  { package: 'h2o', why: 'a proxy', isThere: () => runs('h2o', '--version') },
  { package: 'openssl', why: 'certificates of the proxies', isThere: () => runs('openssl', 'version') },
  { package: 'caddy', why: 'a proxy', isThere: () => runs('caddy', 'version') },
  {
    package: 'systemd',
    why: 'what judges our unit',
    isThere: () => runs('systemd-analyze', '--version'),
  },
  { package: 'redis-sentinel', why: 'a failover', isThere: () => existsSync('/usr/bin/redis-sentinel') },
];

const wanted = process.argv.slice(2);
const considered = wanted.length === 0 ? needs : [...needs, ...longNeeds];
const isWanted = (/** @type {string} */ name) =>
  wanted.length === 0 || wanted.includes('--all') || wanted.includes(name);
const missing = considered.filter((need) => isWanted(need.package) && !need.isThere());
if (missing.length > 0) install(missing);

/** @param {typeof needs} missing */
function install(missing) {
  const packages = missing.map((need) => need.package);
  const reasons = missing.map((need) => `${need.package} (${need.why})`).join(', ');
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !existsSync('/usr/bin/apt-get')) {
    console.error(`Needed: ${reasons}. On Debian or Ubuntu:`);
    console.error(
      `  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages.join(' ')}`,
    );
    process.exit(1);
  }
  console.log(`Installing what is needed: ${reasons}`);
  apt('update');
  apt('install', '-y', '--no-install-recommends', ...packages);
  const stillMissing = missing.filter((need) => !need.isThere());
  if (stillMissing.length === 0) return;
  console.error(`Installed, but not found: ${stillMissing.map((need) => need.package).join(', ')}`);
  process.exit(1);
}

/** Quiet, unless it fails. @param {string[]} args */
function apt(...args) {
  const { status, stdout, stderr } = spawnSync('apt-get', args, {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    encoding: 'utf8',
  });
  if (status === 0) return;
  console.error(`${stdout}${stderr}\napt-get ${args.join(' ')} failed.`);
  process.exit(1);
}
