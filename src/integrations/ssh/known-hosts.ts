import { createHmac, timingSafeEqual } from 'node:crypto';
import { sha256 } from '../../domain/sha256';

/** A line of a known_hosts file: https://man.openbsd.org/sshd#SSH_KNOWN_HOSTS_FILE_FORMAT */
export interface KnownHost {
  isRevoked: boolean;
  matches(name: string): boolean;
  /** Type of the key, such as `ssh-ed25519`. Null if the line has only a fingerprint. */
  type: string | null;
  isKey(key: Buffer): boolean;
}

/** The result of comparing the key of a host with its known keys. */
export type HostKeyVerdict = 'known' | 'unknown' | 'changed' | 'revoked';

/** Returns the fingerprint of a key in the format of `ssh-keygen -l`. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${sha256(key, 'base64').replace(/=+$/, '')}`;
}

/**
 * Parses the lines of a known_hosts file. Also accepts lines `HOSTS SHA256:…` with a fingerprint instead of the key.
 * @throws {Error} with the number of the invalid line, or when there is no line with a host
 */
export function parseKnownHosts(text: string): KnownHost[] {
  const hosts = text.split(/\r?\n/).flatMap((line, index) => {
    const trimmed = line.trim();
    return trimmed === '' || trimmed.startsWith('#') ? [] : [parseLine(trimmed, index + 1)];
  });
  if (hosts.length === 0) throw new Error('has no line with a host and its key; "ssh-keyscan HOST" prints them');
  return hosts;
}

function parseLine(line: string, number: number): KnownHost {
  const fields = line.split(/\s+/);
  const marker = fields[0]?.startsWith('@') === true ? fields.shift() : undefined;
  if (marker !== undefined && marker !== '@revoked') {
    throw new Error(`line ${number} has the marker ${marker}, which is not supported: give the keys of the hosts`);
  }
  const [names = '', type = '', encoded = ''] = fields;
  const common = { isRevoked: marker !== undefined, matches: matcherOf(names, number) };
  if (/^SHA256:[A-Za-z0-9+/]{43}=?$/.test(type)) {
    const fingerprint = type.replace(/=$/, '');
    return { ...common, type: null, isKey: (key) => fingerprintOf(key) === fingerprint };
  }
  const key = Buffer.from(encoded, 'base64');
  if (typeOf(key) !== type) {
    throw new Error(
      `line ${number} is not "HOSTS TYPE KEY" as "ssh-keyscan" prints it, nor "HOSTS SHA256:FINGERPRINT"`,
    );
  }
  return { ...common, type, isKey: (given) => given.length === key.length && timingSafeEqual(given, key) };
}

/**
 * Returns the type of a key, or null when it cannot be read. A key begins with the length of the type in four bytes,
 * followed by the type.
 */
export function typeOf(key: Buffer): string | null {
  if (key.length < 5) return null;
  const length = key.readUInt32BE(0);
  return length > 100 || key.length <= 4 + length ? null : key.toString('latin1', 4, 4 + length);
}

/**
 * Returns a matcher for the hosts of a line, which are patterns with `*`, `?` and `!`, separated by commas, or one
 * hashed name. `number` is the line number to state in the error.
 * @throws {Error} for a hashed name in an unknown format
 */
function matcherOf(names: string, number: number): KnownHost['matches'] {
  const hashed = /^\|1\|([A-Za-z0-9+/=]+)\|([A-Za-z0-9+/=]+)$/.exec(names);
  if (hashed !== null) {
    const [salt, wanted] = [hashed[1] ?? '', hashed[2] ?? ''].map((part) => Buffer.from(part, 'base64'));
    return (name) =>
      createHmac('sha1', salt ?? '')
        .update(name.toLowerCase())
        .digest()
        .equals(wanted ?? Buffer.alloc(0));
  }
  if (names.startsWith('|')) throw new Error(`line ${number} has a hashed host name in an unknown format`);
  const patterns = names
    .split(',')
    .filter((pattern) => pattern !== '')
    .map((pattern) => ({ isNot: pattern.startsWith('!'), matches: wildcard(pattern.replace(/^!/, '')) }));
  return (name) => {
    const found = patterns.filter(({ matches }) => matches(name.toLowerCase()));
    return found.length > 0 && !found.some(({ isNot }) => isNot);
  };
}

/** Returns a matcher for a pattern with `*` and `?`. It backtracks only to the last `*`. */
function wildcard(pattern: string): (name: string) => boolean {
  const wanted = pattern.toLowerCase();
  return (name) => {
    let [at, in_, star, mark] = [0, 0, -1, 0];
    while (at < name.length) {
      if (in_ < wanted.length && (wanted[in_] === '?' || wanted[in_] === name[at]) && wanted[in_] !== '*') {
        at += 1;
        in_ += 1;
      } else if (wanted[in_] === '*') {
        star = in_;
        mark = at;
        in_ += 1;
      } else if (star !== -1) {
        in_ = star + 1;
        mark += 1;
        at = mark;
      } else return false;
    }
    while (wanted[in_] === '*') in_ += 1;
    return in_ === wanted.length;
  };
}

/**
 * Returns the lines for a host. For ports other than 22, the name is `[HOST]:PORT`. If no line trusts this name, the
 * lines for the name without the port apply, as in OpenSSH. Lines that revoke a key are returned for both names.
 */
export function linesAbout(hosts: readonly KnownHost[], host: string, port: number): KnownHost[] {
  const names = port === 22 ? [host] : [`[${host}]:${port}`, host];
  for (const name of names) {
    const found = hosts.filter(({ matches }) => matches(name));
    if (found.some(({ isRevoked }) => !isRevoked)) return [...found, ...revokedLines(hosts, names)];
  }
  return revokedLines(hosts, names);
}

const revokedLines = (hosts: readonly KnownHost[], names: readonly string[]): KnownHost[] =>
  hosts.filter(({ isRevoked, matches }) => isRevoked && names.some(matches));

/** Compares the key that a host presents with the known lines for the host. */
export function judgeHostKey(lines: readonly KnownHost[], key: Buffer): HostKeyVerdict {
  if (lines.some(({ isRevoked, isKey }) => isRevoked && isKey(key))) return 'revoked';
  const trusted = lines.filter(({ isRevoked }) => !isRevoked);
  if (trusted.some(({ isKey }) => isKey(key))) return 'known';
  return trusted.length === 0 ? 'unknown' : 'changed';
}

/**
 * Returns the signature algorithms to request from a host, so that it presents a known key. Returns null if any
 * algorithm is acceptable.
 */
export function algorithmsFor(lines: readonly KnownHost[]): string[] | null {
  const types = lines.flatMap(({ isRevoked, type }) => (isRevoked ? [] : [type]));
  if (types.length === 0 || types.includes(null)) return null;
  return [...new Set(types.flatMap((type) => (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [type ?? ''])))];
}
