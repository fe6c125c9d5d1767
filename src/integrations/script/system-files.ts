import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

/** Read-only directories of the system. Neither keys nor local configuration are below them. */
const SYSTEM = [
  ...['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/usr/bin', '/usr/sbin', '/usr/lib', '/usr/lib32', '/usr/lib64'],
  ...['/usr/libexec', '/usr/share', '/usr/local/bin', '/etc/alternatives'],
  // Certificates of authorities, without the private keys beside them.
  ...['/etc/ssl/certs', '/etc/ssl/cert.pem', '/etc/ssl/openssl.cnf', '/etc/ca-certificates/extracted'],
  ...['/etc/pki/ca-trust/extracted', '/etc/pki/tls/certs', '/etc/pki/tls/cert.pem', '/etc/pki/tls/openssl.cnf'],
];
const NIX = ['/nix/store', '/run/current-system/sw'];

const LDD = ['/usr/bin/ldd', '/bin/ldd'];
const run = promisify(execFile);

let found: Promise<readonly string[]> | undefined;

/**
 * Returns paths that every script may read: the system, the binary of Node and the libraries that it needs. Found out
 * once.
 */
export function readableFiles(): Promise<readonly string[]> {
  return (found ??= findReadable());
}

async function findReadable(): Promise<readonly string[]> {
  const system = [...SYSTEM, ...NIX].filter((path) => existsSync(path));
  const isCovered = (path: string) => system.some((folder) => path.startsWith(`${folder}/`));
  const node = [process.execPath, ...(await librariesOf(process.execPath))];
  return [...system, ...new Set(node.filter((path) => !isCovered(path)))];
}

/** Returns what the dynamic loader would open for a binary; none when it is static or cannot be asked. */
async function librariesOf(binary: string): Promise<string[]> {
  const ldd = LDD.find((path) => existsSync(path));
  if (ldd === undefined) return [];
  try {
    const { stdout } = await run(ldd, [binary], { env: { PATH: '/usr/bin:/bin' }, timeout: 10_000 });
    return [...stdout.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].flatMap(([, path = '']) =>
      existsSync(path) ? [path] : [],
    );
  } catch {
    return [];
  }
}
