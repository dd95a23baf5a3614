// `run-progress doctor` before each proxy of docs/proxies.md: set up as the guide says, and with a line of that taken away.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Recipe, startFront } from '../proxies/front.ts';
import { apache, caddy, h2o, haproxy, lighttpd, nginx, RECIPES, varnish } from '../proxies/recipes.ts';
import { startService } from '../support/service.ts';
import { runCli } from './cli.ts';

const lively = await startService({ HEARTBEAT_SECONDS: '1' });
test.after(() => lively.stop('SIGKILL'));
const usual = await startService();
test.after(() => usual.stop('SIGKILL'));

interface Case {
  recipe: Recipe;
  edit?: (block: string) => string;
  timeoutSeconds?: number;
  servicePort?: number;
  seconds?: number;
}

async function examine({
  recipe,
  servicePort = lively.port,
  seconds = 4,
  ...options
}: Case): Promise<string> {
  const front = await startFront(recipe, servicePort, options);
  try {
    const env = recipe.hasTls ? { NODE_EXTRA_CA_CERTS: front.certificate } : {};
    return (await runCli(['doctor', front.url, '--seconds', String(seconds)], env)).stdout;
  } finally {
    await front.stop();
  }
}

for (const recipe of RECIPES)
  test(`before ${recipe.name}, as the guide sets it up, nothing is to be mended`, async () => {
    const stdout = await examine({ recipe });
    // The certificate is good for two days only.
    assert.match(stdout, /\n\n(All is well\.|Event streams work\. Not all is well: [TLSHP, ]+\.)\n$/);
  });

const without = (line: string) => (block: string) => {
  assert.ok(block.includes(line), line);
  return block.replace(line, '');
};

const faults: [what: string, given: Case, verdict: RegExp, cure: RegExp][] = [
  ...[nginx, haproxy, apache, varnish, h2o].map((recipe): [string, Case, RegExp, RegExp] => [
    `${recipe.name} with a time-out of 3 s`,
    { recipe, timeoutSeconds: 3, servicePort: usual.port, seconds: 12 },
    /Something is wrong: idle cut/,
    /To mend it \(idle cut\):\n {2}\w+:\n {4}\S.*75/,
  ]),
  [
    'nginx that ignores how it is asked not to buffer',
    {
      recipe: nginx,
      edit: (block) => block.replace('proxy_buffering off;', 'proxy_ignore_headers X-Accel-Buffering;'),
    },
    /Something is wrong: buffering/,
    /nginx:\n {4}proxy_buffering off;/,
  ],
  [
    'lighttpd that waits for whole answers',
    { recipe: lighttpd, edit: without('server.stream-response-body = 2') },
    /Something is wrong: buffering/,
    /lighttpd:\n {4}server\.stream-response-body = 2\n/,
  ],
  [
    'Apache that compresses all it can',
    { recipe: apache, edit: without('SetEnvIf Request_URI "^/api/.*events$" no-gzip no-brotli') },
    /Something is wrong: compression/,
    /Apache:\n {4}SetEnvIf Request_URI/,
  ],
  [
    'nginx without WebSockets',
    { recipe: nginx, edit: without('proxy_set_header Upgrade $http_upgrade;') },
    /Not all is well: .*WebSocket/,
    /nginx:\n {4}map \$http_upgrade/,
  ],
  [
    'Apache without WebSockets',
    { recipe: apache, edit: (block) => block.replace(/ +ProxyPass \/ws\/.*\n/, '') },
    /Not all is well: .*WebSocket/,
    /Apache:\n {4}ProxyPass \/ws\//,
  ],
  [
    'lighttpd without WebSockets',
    { recipe: lighttpd, edit: without('proxy.header = ( "upgrade" => "enable" )') },
    /Not all is well: .*WebSocket/,
    /lighttpd:\n {4}proxy\.header/,
  ],
  [
    'Varnish without WebSockets',
    { recipe: varnish, edit: (block) => block.replace('return (pipe);', 'return (pass);') },
    /Not all is well: .*WebSocket/,
    /Varnish:\n {4}if \(req\.http\.Upgrade/,
  ],
  [
    'h2o without WebSockets',
    { recipe: h2o, edit: without('proxy.websocket: ON') },
    /Not all is well: .*WebSocket/,
    /h2o:\n {4}proxy\.websocket: ON/,
  ],
  [
    'Caddy with a read time-out of 3 s',
    {
      recipe: caddy,
      edit: (block) => block.replace(':8000', ':8000 {\n transport http {\n read_timeout 3s\n }\n }'),
      servicePort: usual.port,
      seconds: 12,
    },
    /Something is wrong: idle cut/,
    /Caddy:\n {4}# no read_timeout/,
  ],
];
for (const [what, given, verdict, cure] of faults)
  test(`${what} is found out, and how to mend it`, async () => {
    const stdout = await examine(given);
    assert.match(stdout, verdict);
    assert.match(stdout, cure);
  });
