// What to write into a proxy so that it lets event streams through: lines of docs/proxies.md. Pure.
import type { ProxyFault } from './finding.ts';

export type ProxyName =
  | 'nginx'
  | 'Caddy'
  | 'Apache'
  | 'HAProxy'
  | 'Varnish'
  | 'lighttpd'
  | 'h2o'
  | 'Cloudflare'
  | 'Heroku';

export interface Cure {
  /** As they stand in docs/proxies.md. */
  readonly lines?: readonly string[];
  /** Where no line mends it, or where it belongs. */
  readonly note?: string;
}

export const CURES: Readonly<Record<ProxyName, Readonly<Record<ProxyFault, Cure>>>> = {
  nginx: {
    buffering: {
      lines: ['proxy_buffering off;'],
      note: 'in each nginx on the way; and no proxy_ignore_headers',
    },
    compression: { note: 'no proxy_hide_header Content-Encoding: streams say that they are encoded already' },
    'idle-cut': { lines: ['proxy_read_timeout 75s;'] },
    websocket: {
      lines: [
        'map $http_upgrade $connection_upgrade {',
        '  default upgrade;',
        "  '' '';",
        '}',
        'proxy_http_version 1.1;',
        'proxy_set_header Host $http_host;',
        'proxy_set_header Upgrade $http_upgrade;',
        'proxy_set_header Connection $connection_upgrade;',
      ],
      note: 'the map stands beside the server, the rest in its location',
    },
  },
  Caddy: {
    buffering: {
      lines: ['reverse_proxy 127.0.0.1:8000'],
      note: 'passes streams on at once: no request_buffers',
    },
    compression: { note: 'encode leaves streams alone that reach it as they are: what is between?' },
    'idle-cut': { note: 'no read_timeout in the transport of reverse_proxy, or one of 75s' },
    websocket: { note: 'reverse_proxy passes them: is there another proxy before it?' },
  },
  Apache: {
    buffering: { lines: ['ProxyPass / http://127.0.0.1:8000/ nocanon retry=0 timeout=75 flushpackets=on'] },
    compression: { lines: ['SetEnvIf Request_URI "^/api/.*events$" no-gzip no-brotli'] },
    'idle-cut': { lines: ['ProxyPass / http://127.0.0.1:8000/ nocanon retry=0 timeout=75 flushpackets=on'] },
    websocket: {
      lines: ['ProxyPass /ws/ ws://127.0.0.1:8000/ws/ nocanon retry=0 timeout=75'],
      note: 'before the other ProxyPass; a2enmod proxy_wstunnel',
    },
  },
  HAProxy: {
    buffering: { note: 'it holds nothing back: no Lua or SPOE filter that waits for whole bodies' },
    compression: { note: 'no text/event-stream in compression type' },
    'idle-cut': {
      lines: ['timeout client 75s', 'timeout server 75s'],
      note: 'in the frontend, and in the backend',
    },
    websocket: { lines: ['mode http'], note: 'passes them: does another rule take /ws/?' },
  },
  Varnish: {
    buffering: {
      lines: ['if (req.url ~ "^/api/") {', '  return (pass);', '}'],
      note: 'in vcl_recv; and no beresp.do_stream = false',
    },
    compression: { note: 'no beresp.do_gzip for /api/' },
    'idle-cut': {
      lines: ['.first_byte_timeout = 75s;', '.between_bytes_timeout = 75s;'],
      note: 'in the backend',
    },
    websocket: {
      lines: [
        'if (req.http.Upgrade ~ "(?i)websocket") {',
        '  return (pipe);',
        '}',
        'sub vcl_pipe {',
        '  set bereq.http.Upgrade = req.http.Upgrade;',
        '  set bereq.http.Connection = req.http.Connection;',
        '}',
      ],
      note: 'the first three in vcl_recv',
    },
  },
  lighttpd: {
    buffering: { lines: ['server.stream-response-body = 2'] },
    compression: { note: 'no "text/event-stream" in deflate.mimetypes' },
    'idle-cut': { note: 'no server.max-write-idle below 75' },
    websocket: { lines: ['proxy.header = ( "upgrade" => "enable" )'] },
  },
  h2o: {
    buffering: { note: 'it holds nothing back: is there another proxy before it?' },
    compression: { note: 'compress: OFF for /api/' },
    'idle-cut': { lines: ['proxy.timeout.io: 75000'] },
    websocket: { lines: ['proxy.websocket: ON'] },
  },
  Cloudflare: {
    buffering: {
      note: 'Caching > Cache Rules: bypass the cache for /api/; and no Workers that read whole bodies',
    },
    compression: { note: 'Rules > Compression Rules: none for /api/' },
    'idle-cut': { note: 'its limit is 100 s of silence or more: does the server behind it cut first?' },
    websocket: { note: 'Network > WebSockets: on' },
  },
  Heroku: {
    buffering: { note: 'its router holds nothing back: is there an nginx buildpack before the service?' },
    compression: { note: 'its router compresses nothing: is there an nginx buildpack or a CDN?' },
    'idle-cut': { note: 'its limit is 55 s: leave HEARTBEAT_SECONDS below it' },
    websocket: { note: 'its router passes them: does the web process listen on $PORT?' },
  },
};

/** What a header says, in small letters, of who has written it. */
const SIGNS: readonly [sign: string, name: ProxyName][] = [
  ['cloudflare', 'Cloudflare'],
  ['heroku', 'Heroku'],
  ['vegur', 'Heroku'],
  ['varnish', 'Varnish'],
  ['nginx', 'nginx'],
  ['openresty', 'nginx'],
  ['caddy', 'Caddy'],
  ['apache', 'Apache'],
  ['lighttpd', 'lighttpd'],
  ['h2o', 'h2o'],
];

/** What says in its headers that it is one of them, or null: some say nothing. */
export function proxyOf(headers: Readonly<Record<string, unknown>>): ProxyName | null {
  const said = `${headers.server ?? ''} ${headers.via ?? ''} ${headers['cf-ray'] ? 'cloudflare' : ''}`;
  return SIGNS.find(([sign]) => said.toLowerCase().includes(sign))?.[1] ?? null;
}

/** The lines for the proxy that was recognised, or else for each that may be it. */
export function cureOf(proxyFault: ProxyFault, proxy: ProxyName | null): string {
  const proxies = proxy === null ? (Object.keys(CURES) as ProxyName[]) : [proxy];
  return proxies
    .map((name) => {
      const { lines = [], note } = CURES[name][proxyFault];
      const text = [...lines, ...(note ? [`# ${note}`] : [])].map((line) => `    ${line}\n`);
      return `  ${name}:\n${text.join('')}`;
    })
    .join('');
}
