import { explainTls } from '@rollcall/core/adapter';
import { expect, it } from 'vitest';

const names = { ca: 'THE_CA', cert: 'THE_CERT' };
const openssl = (what: string): string =>
  `80BC0894C17F0000:error:0A00045C:SSL routines:ssl3_read_bytes:${what}:../deps/openssl/ssl/record.c:1601:SSL alert number 116\n`;

it.each([
  ['unable to verify the first certificate', 'THE_CA'],
  ['self-signed certificate in certificate chain', 'THE_CA'],
  [openssl('tlsv13 alert certificate required'), 'THE_CERT'],
  [openssl('tlsv1 alert unknown ca'), 'THE_CERT'],
  [openssl('sslv3 alert bad certificate'), 'THE_CERT'],
  [`write EPROTO ${openssl('wrong version number')}`, 'http://'],
  ['Client network socket disconnected before secure TLS connection was established', 'http://'],
  ['socket hang up', 'https://'],
  ['Client sent an HTTP request to an HTTPS server.', 'https://'],
])('%j is explained by naming %s, without the places of OpenSSL', (message, named) => {
  const said = explainTls(message, names);
  expect(said).toContain(named);
  expect(said).not.toMatch(/\.c:|error:|\n/);
});

it.each(['connect ECONNREFUSED 127.0.0.1:1', 'read ECONNRESET', 'getaddrinfo ENOTFOUND nowhere'])(
  'the error %j, which has nothing to do with TLS, gets no hint',
  (message) => expect(explainTls(message, names)).toBe(message),
);
