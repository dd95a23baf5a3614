// Requests of which a proxy and a server may think differently where they end (RFC 9112, 11.2), or that are answered before
// they end. In each lie requests for a run that is hidden: whoever reads the end elsewhere answers those.

const HOST = 'Host: localhost\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const UPDATE = '{"log":"smuggled"}';

/** The last one has no end: what a next client asks would become its header. */
export const SMUGGLED =
  `POST /api/runs/hidden/events HTTP/1.1\r\n${HOST}Content-Length: ${UPDATE.length}\r\n\r\n${UPDATE}` +
  `GET /api/runs/hidden HTTP/1.1\r\n${HOST}\r\n` +
  'GET /api/runs/hidden HTTP/1.1\r\nX: ';
const LENGTH = SMUGGLED.length;
const AFTER_LAST_CHUNK = `0\r\n\r\n${SMUGGLED}`;

function head(fields: string, method = 'POST', path = '/api/runs/r/events'): string {
  return `${method} ${path} HTTP/1.1\r\n${HOST}${fields}\r\n`;
}

function chunked(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
}

/** By what they are: with two opinions of the length, or with none that is clear. */
const CODINGS: Readonly<Record<string, string>> = {
  'a space before the colon': 'Transfer-Encoding : chunked',
  'an unknown coding': 'Transfer-Encoding: xchunked',
  'a vertical tab': 'Transfer-Encoding:\x0bchunked',
  'a form feed': 'Transfer-Encoding: \x0cchunked',
  'a second coding in a second field': 'Transfer-Encoding: chunked\r\nTransfer-Encoding: x',
  'a second coding in the list': 'Transfer-Encoding: chunked, identity',
  'chunked twice': 'Transfer-Encoding: chunked, chunked',
  'a coding in quotes': 'Transfer-Encoding: "chunked"',
  'a parameter': 'Transfer-Encoding: chunked;q=1',
  'a field behind a bare line feed': 'X: x\nTransfer-Encoding: chunked',
  'a field behind a bare carriage return': 'X: x\rTransfer-Encoding: chunked',
  'a folded coding': 'Transfer-Encoding:\r\n chunked',
  'a coding in the fold of another field': 'X: x\r\n Transfer-Encoding: chunked',
  'a space before the first field': ' Transfer-Encoding: chunked',
  'a NUL': 'Transfer-Encoding: chunked\0',
  'a control character': 'Transfer-Encoding: chunked\x01',
  'a letter that is no ASCII': 'Transfer-Encoding: chun\xe9ked',
  'no colon': 'Transfer-Encoding chunked',
  'no coding': 'Transfer-Encoding:',
  'gzip alone': 'Transfer-Encoding: gzip',
};

const LENGTHS: Readonly<Record<string, string>> = {
  'two lengths': `Content-Length: 0\r\nContent-Length: ${LENGTH}`,
  'two lengths, the smaller one last': `Content-Length: ${LENGTH}\r\nContent-Length: 0`,
  'one length twice': `Content-Length: ${LENGTH}\r\nContent-Length: ${LENGTH}`,
  'a list of lengths': `Content-Length: 0, ${LENGTH}`,
  'a list of one length': `Content-Length: ${LENGTH}, ${LENGTH}`,
  'a plus': `Content-Length: +${LENGTH}`,
  'a minus': 'Content-Length: -1',
  'a hexadecimal length': `Content-Length: 0x${LENGTH.toString(16)}`,
  'a length of 2^64': 'Content-Length: 18446744073709551616',
  'a length with a point': `Content-Length: ${LENGTH}.0`,
  'two numbers': `Content-Length: 0 ${LENGTH}`,
  'a space before the colon of the length': `Content-Length : ${LENGTH}`,
  'a folded length': `Content-Length:\r\n ${LENGTH}`,
  'a length behind a bare line feed': `X: x\nContent-Length: ${LENGTH}`,
  'no length': 'Content-Length:',
};

const CHUNKS: Readonly<Record<string, string>> = {
  'an extension that ends in a line feed': '0;x\n\r\n\r\n',
  'an extension with half a quote': '2;a="\r\n{}\r\n0\r\n\r\n',
  'a chunk of less than nothing': '-1\r\n{}\r\n0\r\n\r\n',
  'a hexadecimal prefix': '0x2\r\n{}\r\n0\r\n\r\n',
  'an underscore in the size': '0_2\r\n{}\r\n0\r\n\r\n',
  'a size of more than 64 bits': '10000000000000002\r\n{}\r\n0\r\n\r\n',
  'a space behind the size': '2 \r\n{}\r\n0\r\n\r\n',
  'no size': '\r\n{}\r\n0\r\n\r\n',
  'bare line feeds': '2\n{}\n0\n\n',
  'a bare carriage return': '2\r{}\r\n0\r\n\r\n',
  'no line end behind the chunk': '2\r\n{}XX0\r\n\r\n',
  'a bare line feed at the end': '0\r\n\n',
  'a length in the trailer': `0\r\nContent-Length: ${LENGTH}\r\n\r\n`,
  'a coding in the trailer': '0\r\nTransfer-Encoding: chunked\r\n\r\n',
};

/** After each of these the service ends the connection. */
export const AMBIGUOUS: Readonly<Record<string, string>> = {
  'a length, and chunks': `${head(`Content-Length: ${5 + LENGTH}\r\n${CHUNKED}`)}${AFTER_LAST_CHUNK}`,
  'chunks, and a length': `${head(`${CHUNKED}Content-Length: 4\r\n`)}${chunked(SMUGGLED)}`,
  ...each(CODINGS, 'and a length', (line) => {
    return `${head(`${line}\r\nContent-Length: ${5 + LENGTH}\r\n`)}${AFTER_LAST_CHUNK}`;
  }),
  ...each(CODINGS, 'alone', (line) => `${head(`${line}\r\n`)}${AFTER_LAST_CHUNK}`),
  ...each(LENGTHS, '', (line) => `${head(`${line}\r\n`)}${SMUGGLED}`),
  ...each(CHUNKS, '', (body) => `${head(CHUNKED)}${body}${SMUGGLED}`),
  'chunks of HTTP/1.0': `${head(`Connection: keep-alive\r\n${CHUNKED}`).replace('1.1', '1.0')}${AFTER_LAST_CHUNK}`,
  'a head of bare line feeds': `POST /api/runs/r/events HTTP/1.1\nHost: localhost\nContent-Length: ${LENGTH}\n\n${SMUGGLED}`,
  'HTTP/0.9': `GET /api/runs/r\r\n\r\n${SMUGGLED}`,
};

const HANDSHAKE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
const BODY = `Content-Length: ${LENGTH}\r\n`;
const LONG_BODY = 'Content-Length: 2000000\r\n';

/** Clear, but rare: bodies that nobody expects, upgrades that come to nothing, answers that come early. */
export const RARE: Readonly<Record<string, string>> = {
  'a chunk extension': `${head(CHUNKED)}2;x=y\r\n{}\r\n${AFTER_LAST_CHUNK}`,
  'chunked as the last coding': `${head('Transfer-Encoding: identity, chunked\r\n')}${AFTER_LAST_CHUNK}`,
  'capital letters': `${head('TRANSFER-ENCODING: CHUNKED\r\n')}${AFTER_LAST_CHUNK}`,
  'an underscore': `${head(`Transfer_Encoding: chunked\r\n${BODY}`)}${SMUGGLED}`,
  'a folded field': `${head('X: a\r\n b\r\n', 'GET', '/api/runs/r')}${SMUGGLED}`,
  'a line end in the path': `${head('', 'GET', '/api/runs/r%0d%0a')}${SMUGGLED}`,
  'a stream with a body': `${head(BODY, 'GET', '/api/runs/done/events')}${SMUGGLED}`,
  'a stream with chunks': `${head(CHUNKED, 'GET', '/api/runs/done/events')}${chunked(SMUGGLED)}`,
  'a stream with requests behind it': `${head('', 'GET', '/api/runs/done/events')}${SMUGGLED}`,
  'a long poll with a body': `${head(BODY, 'GET', '/api/runs/r/events?wait=0')}${SMUGGLED}`,
  'a poll with a body': `${head(BODY, 'GET', '/api/runs/r')}${SMUGGLED}`,
  'a HEAD with a body': `${head(BODY, 'HEAD', '/api/runs/r')}${SMUGGLED}`,
  'a HEAD of a stream with a body': `${head(BODY, 'HEAD', '/api/runs/r/events')}${SMUGGLED}`,
  'an OPTIONS with a body': `${head(BODY, 'OPTIONS')}${SMUGGLED}`,
  'a DELETE with a body': `${head(BODY, 'DELETE')}${SMUGGLED}`,
  'an unknown upgrade with a body': `${head(`Connection: Upgrade\r\nUpgrade: tls/1.3\r\n${BODY}`)}${SMUGGLED}`,
  'an unknown upgrade with chunks': `${head(`Connection: Upgrade\r\nUpgrade: h2c\r\n${CHUNKED}`)}${chunked(SMUGGLED)}`,
  'an unknown upgrade with requests behind it': `${head('Connection: Upgrade\r\nUpgrade: h2c\r\n', 'GET', '/api/runs/r')}${SMUGGLED}`,
  'a WebSocket of another version': `${head(HANDSHAKE.replace('13', '1'), 'GET', '/ws/r')}${SMUGGLED}`,
  'a WebSocket where none is': `${head(HANDSHAKE, 'GET', '/api/runs/r')}${SMUGGLED}`,
  'a WebSocket with a body': `${head(HANDSHAKE + BODY, 'GET', '/ws/r')}${SMUGGLED}`,
  'a CONNECT': `CONNECT localhost:80 HTTP/1.1\r\n${HOST}\r\n${SMUGGLED}`,
  'a CONNECT with a length': `CONNECT localhost:80 HTTP/1.1\r\n${HOST}${BODY}\r\n${SMUGGLED}`,
  'a body that was announced': `${head(`Expect: 100-continue\r\n${BODY}`)}${SMUGGLED}`,
  'an unknown expectation': `${head(`Expect: x\r\n${BODY}`)}${SMUGGLED}`,
  'a body that is too large, and comes in part': `${head(LONG_BODY)}${SMUGGLED}`,
  'a body that is too large, and comes whole': `${head(LONG_BODY)}${SMUGGLED.repeat(10_000).slice(0, 2_000_000)}`,
  'a body for a path that is not there': `${head(LONG_BODY, 'POST', '/nothing')}${SMUGGLED}`,
  'a body of a foreign page': `${head(`Origin: https://evil.example\r\n${LONG_BODY}`)}${SMUGGLED}`,
  'a compressed body': `${head(`Content-Encoding: gzip\r\n${LONG_BODY}`)}${SMUGGLED}`,
};

function each(
  parts: Readonly<Record<string, string>>,
  what: string,
  requestOf: (part: string) => string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parts).map(([name, part]) => [`${name} ${what}`.trim(), requestOf(part)]),
  );
}
