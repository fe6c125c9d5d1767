import { createHmac } from 'node:crypto';
import { algorithmsFor, fingerprintOf, judgeHostKey, linesAbout, parseKnownHosts, typeOf } from './known-hosts';

const keyOf = (type: string, text: string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type), Buffer.from(text)]);
};
const ed = keyOf('ssh-ed25519', 'one');
const other = keyOf('ssh-ed25519', 'two');
const rsa = keyOf('ssh-rsa', 'three');
const line = (hosts: string, key: Buffer) => `${hosts} ${typeOf(key)} ${key.toString('base64')} comment`;
const judge = (text: string, key: Buffer, host = 'db.example', port = 22) =>
  judgeHostKey(linesAbout(parseKnownHosts(text), host, port), key);

it.each([
  ['a name', 'db.example', 'known'],
  ['one of several names', 'web.example,DB.example', 'known'],
  ['a pattern', '*.example', 'known'],
  ['a pattern with ?', 'd?.example', 'known'],
  ['a pattern that excludes it', '*.example,!db.example', 'unknown'],
  ['another name', 'db.example.org', 'unknown'],
  ['the name with a port', '[db.example]:2222', 'unknown'],
])('checks a key against %s', (_what, hosts, verdict) => {
  expect(judge(`# comment\n\n${line(hosts, ed)}`, ed)).toBe(verdict);
});

it('uses the lines for the port, or those for the plain host name if there are none', () => {
  const both = `${line('[db.example]:2222', ed)}\n${line('db.example', other)}`;
  expect([judge(both, ed, 'db.example', 2222), judge(both, other, 'db.example', 2222)]).toEqual(['known', 'changed']);
  expect(judge(line('db.example', ed), ed, 'db.example', 2222)).toBe('known');
});

it('reads hashed names and fingerprints', () => {
  const salt = Buffer.from('salt-salt-salt-salt');
  const hash = createHmac('sha1', salt).update('db.example').digest('base64');
  const hashed = line(`|1|${salt.toString('base64')}|${hash}`, ed);
  expect([judge(hashed, ed), judge(hashed, ed, 'web.example')]).toEqual(['known', 'unknown']);
  const fingerprint = `db.example ${fingerprintOf(ed)}`;
  expect([judge(fingerprint, ed), judge(fingerprint, other)]).toEqual(['known', 'changed']);
});

it('refuses changed and revoked keys, including keys revoked for another name', () => {
  expect(judge(line('db.example', ed), other)).toBe('changed');
  expect(judge(`${line('db.example', ed)}\n@revoked ${line('*', ed)}`, ed)).toBe('revoked');
  expect(judge(`${line('[db.example]:22222', ed)}\n@revoked ${line('*', ed)}`, ed, 'db.example', 22222)).toBe(
    'revoked',
  );
});

it('requests the known key types, and never signatures with SHA-1', () => {
  const about = (text: string) => algorithmsFor(linesAbout(parseKnownHosts(text), 'db.example', 22));
  expect(about(line('db.example', rsa))).toEqual(['rsa-sha2-512', 'rsa-sha2-256']);
  expect(about(`${line('db.example', ed)}\n${line('db.example', rsa)}`)).toEqual([
    ...['ssh-ed25519', 'rsa-sha2-512', 'rsa-sha2-256'],
  ]);
  expect(about(`db.example ${fingerprintOf(ed)}`)).toBeNull();
  expect(about(line('elsewhere', ed))).toBeNull();
});

it.each([
  ['', 'no line with a host'],
  ['db.example', 'line 1 is not'],
  [`db.example ssh-rsa ${ed.toString('base64')}`, 'line 1 is not'],
  [`\n@cert-authority *.example ssh-ed25519 ${ed.toString('base64')}`, 'line 2 has the marker @cert-authority'],
  [`|2|x|y ssh-ed25519 ${ed.toString('base64')}`, 'unknown form'],
])('refuses %j', (text, message) => {
  expect(() => parseKnownHosts(text)).toThrow(message);
});

it('matches long patterns in linear time', () => {
  expect(judge(line(`${'*a'.repeat(500)}b`, ed), ed, 'a'.repeat(10_000))).toBe('unknown');
});
