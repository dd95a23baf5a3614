// The proxies of docs/proxies.md: how each is started for a test, with compression on and with the time-outs that it wants.
import type { Recipe } from './front.ts';

const CERTIFICATE = '/etc/ssl/app.example.com.pem';
const KEY = '/etc/ssl/app.example.com.key';
const SERVICE = '127.0.0.1:8000';

/** Of a configuration: one process, which writes into this folder alone. The block `http` is open. */
export function nginxBegin(folder: string): string {
  return `pid ${folder}/pid;
user root;
error_log stderr;
daemon off;
master_process off;
events {}
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
`;
}

export const nginx: Recipe = {
  name: 'nginx',
  hasTls: true,
  hasHttp2: true,
  versionCommand: ['nginx', '-v'],
  swaps: ({ port, servicePort, certificate, key, timeoutSeconds }) => [
    ['listen 443', `listen 127.0.0.1:${port}`],
    [SERVICE, `127.0.0.1:${servicePort}`],
    [CERTIFICATE, certificate],
    [KEY, key],
    ['75s', `${timeoutSeconds}s`],
  ],
  around: (block, { folder }) => `${nginxBegin(folder)}  gzip on;
  gzip_types *;
  gzip_proxied any;
  gzip_min_length 0;
  ${block}
}
`,
  command: (file, { folder }) => ['nginx', '-c', file, '-p', folder],
};

export const caddy: Recipe = {
  name: 'Caddy',
  hasTls: true,
  hasHttp2: true,
  versionCommand: ['caddy', 'version'],
  swaps: ({ port, servicePort, certificate, key }) => [
    [
      'app.example.com {\n',
      `https://127.0.0.1:${port} {\n  tls ${certificate} ${key}\n  encode {\n    gzip\n    match header Content-Type *\n  }\n`,
    ],
    [SERVICE, `127.0.0.1:${servicePort}`],
  ],
  around: (block) => `{
  admin off
  auto_https disable_redirects
}
${block}`,
  command: (file) => ['caddy', 'run', '--config', file, '--adapter', 'caddyfile'],
};

export const haproxy: Recipe = {
  name: 'HAProxy',
  hasTls: true,
  hasHttp2: true,
  versionCommand: ['haproxy', '-v'],
  swaps: ({ port, servicePort, both, timeoutSeconds }) => [
    ['bind :443', `bind 127.0.0.1:${port}`],
    [SERVICE, `127.0.0.1:${servicePort}`],
    [CERTIFICATE, both],
    ['75s', `${timeoutSeconds}s`],
  ],
  around: (block) => `defaults
  compression algo gzip
  compression type text/event-stream application/x-ndjson text/html text/javascript
${block}`,
  command: (file) => ['haproxy', '-db', '-f', file],
};

const APACHE_MODULES = [
  ...['mpm_event', 'authz_core', 'alias', 'filter', 'deflate'],
  // What the guide names.
  ...['proxy', 'proxy_http', 'proxy_wstunnel', 'ssl', 'http2', 'setenvif'],
];

export const apache: Recipe = {
  name: 'Apache',
  hasTls: true,
  hasHttp2: true,
  versionCommand: ['apache2', '-v'],
  swaps: ({ port, servicePort, certificate, key, timeoutSeconds }) => [
    ['*:443', `*:${port}`],
    [SERVICE, `127.0.0.1:${servicePort}`],
    [CERTIFICATE, certificate],
    [KEY, key],
    ['timeout=75', `timeout=${timeoutSeconds}`],
  ],
  around: (block, { folder, port }) => `ServerRoot ${folder}
DefaultRuntimeDir ${folder}
PidFile ${folder}/pid
ErrorLog ${folder}/error.log
Listen 127.0.0.1:${port}
ServerName localhost
${APACHE_MODULES.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
SetOutputFilter DEFLATE
${block}`,
  command: (file) => ['apache2', '-X', '-f', file],
};

export const varnish: Recipe = {
  name: 'Varnish',
  hasTls: false,
  hasHttp2: false,
  versionCommand: ['varnishd', '-V'],
  swaps: ({ servicePort, timeoutSeconds }) => [
    ['.port = "8000"', `.port = "${servicePort}"`],
    ['75s', `${timeoutSeconds}s`],
  ],
  around: (block) => `${block}
sub vcl_backend_response {
  set beresp.do_gzip = true;
}
`,
  command: (file, { folder, port, timeoutSeconds }) => [
    'varnishd',
    ...['-F', '-n', `${folder}/varnish`, '-f', file, '-a', `127.0.0.1:${port}`, '-s', 'malloc,20m'],
    ...['-j', 'none', '-p', `pipe_timeout=${timeoutSeconds}`, '-p', `idle_send_timeout=${timeoutSeconds}`],
  ],
};

export const lighttpd: Recipe = {
  name: 'lighttpd',
  hasTls: true,
  hasHttp2: true,
  versionCommand: ['lighttpd', '-v'],
  swaps: ({ port, servicePort, both }) => [
    ['":443"', `"127.0.0.1:${port}"`],
    ['8000', String(servicePort)],
    [CERTIFICATE, both],
  ],
  around: (block, { folder, port, timeoutSeconds }) => `server.document-root = "${folder}"
server.port = ${port}
server.bind = "127.0.0.1"
server.upload-dirs = ( "${folder}" )
server.max-read-idle = ${timeoutSeconds}
server.max-write-idle = ${timeoutSeconds}
${block}
server.modules += ( "mod_deflate" )
deflate.mimetypes = ( "text/", "application/" )
`,
  command: (file) => ['lighttpd', '-D', '-f', file],
};

export const h2o: Recipe = {
  name: 'h2o',
  hasTls: true,
  hasHttp2: true,
  versionCommand: ['h2o', '--version'],
  swaps: ({ port, servicePort, certificate, key, timeoutSeconds }) => [
    ['port: 443', `host: 127.0.0.1\n  port: ${port}`],
    ['"app.example.com"', `"127.0.0.1:${port}"`],
    [SERVICE, `127.0.0.1:${servicePort}`],
    [CERTIFICATE, certificate],
    // There is nobody to ask whether it has been revoked.
    [KEY, `${key}\n    ocsp-update-interval: 0`],
    ['75000', `${timeoutSeconds}000`],
  ],
  around: (block, { folder }) => `${block}
compress: ON
user: root
pid-file: ${folder}/pid
num-threads: 1
`,
  command: (file) => ['h2o', '-c', file],
};

export const RECIPES: readonly Recipe[] = [nginx, caddy, haproxy, apache, varnish, lighttpd, h2o];
