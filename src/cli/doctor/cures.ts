// What to write into a proxy so that it lets event streams through. Pure.
import type { ProxyFault } from './finding.ts';

export type ProxyName = 'nginx' | 'Caddy' | 'Apache' | 'HAProxy' | 'Cloudflare' | 'Heroku';

const CURES: Readonly<Record<ProxyName, Readonly<Record<ProxyFault, string>>>> = {
  nginx: {
    buffering: 'proxy_buffering off;   # and no proxy_ignore_headers X-Accel-Buffering',
    compression: 'gzip off;   # in this location; or take text/event-stream and * out of gzip_types',
    'idle-cut': 'proxy_read_timeout 75s;',
    websocket: `location /ws/ {
  proxy_pass http://127.0.0.1:8000;
  proxy_http_version 1.1;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection "upgrade";
  proxy_read_timeout 75s;
}`,
  },
  Caddy: {
    buffering: 'reverse_proxy 127.0.0.1:8000 { flush_interval -1 }',
    compression: 'encode gzip { match header Content-Type text/html* }   # whatever but text/event-stream',
    'idle-cut': 'reverse_proxy 127.0.0.1:8000 { transport http { read_timeout 75s } }',
    websocket: 'reverse_proxy passes them; is there another proxy before it?',
  },
  Apache: {
    buffering: 'ProxyPass / http://127.0.0.1:8000/ flushpackets=on',
    compression: 'SetEnvIf Request_URI "/events$" no-gzip   # for mod_deflate; mod_brotli: no-brotli',
    'idle-cut': 'ProxyPass / http://127.0.0.1:8000/ timeout=75',
    websocket: 'ProxyPass /ws/ ws://127.0.0.1:8000/ws/   # before the other one; a2enmod proxy_wstunnel',
  },
  HAProxy: {
    buffering: 'option http-no-delay   # and no Lua or SPOE filter that waits for whole bodies',
    compression: 'compression type text/html text/css application/javascript   # no text/event-stream',
    'idle-cut': 'timeout server 75s\ntimeout client 75s',
    websocket: 'timeout tunnel 1h',
  },
  Cloudflare: {
    buffering: 'Caching > Cache Rules: bypass the cache for /api/; no Workers that read whole bodies',
    compression: 'Rules > Compression Rules: none for /api/   # Cache-Control: no-transform is honoured',
    'idle-cut': 'its limit is 100 s of silence: does the server behind it cut first?',
    websocket: 'Network > WebSockets: on',
  },
  Heroku: {
    buffering: 'its router holds nothing back: is there an add-on or nginx buildpack before the service?',
    compression: 'its router compresses nothing: is there an nginx buildpack or a CDN?',
    'idle-cut': 'its limit is 55 s: leave HEARTBEAT_SECONDS below it',
    websocket: 'its router passes them: does the web process listen on $PORT?',
  },
};

/** What says in its headers that it is one of them, or null: most say nothing. */
export function proxyOf(headers: Readonly<Record<string, unknown>>): ProxyName | null {
  const said =
    `${headers.server ?? ''} ${headers.via ?? ''} ${headers['cf-ray'] ? 'cloudflare' : ''}`.toLowerCase();
  if (said.includes('cloudflare')) return 'Cloudflare';
  if (said.includes('heroku') || said.includes('vegur')) return 'Heroku';
  if (said.includes('nginx') || said.includes('openresty')) return 'nginx';
  if (said.includes('caddy')) return 'Caddy';
  if (said.includes('apache')) return 'Apache';
  return null;
}

/** The lines for the proxy that was recognised, or else for each that may be it. */
export function cureOf(proxyFault: ProxyFault, proxy: ProxyName | null): string {
  const proxies = proxy === null ? (Object.keys(CURES) as ProxyName[]) : [proxy];
  return proxies
    .map((name) => {
      const lines = CURES[name][proxyFault].split('\n').map((line) => `    ${line}\n`);
      return `  ${name}:\n${lines.join('')}`;
    })
    .join('');
}
