import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

/** Read-only directories of the system. They contain neither keys nor local configuration. */
const SYSTEM = [
  ...['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/usr/bin', '/usr/sbin', '/usr/lib', '/usr/lib32', '/usr/lib64'],
  ...['/usr/libexec', '/usr/share', '/usr/local/bin', '/etc/alternatives'],
  // Certificates of authorities, but not the directories with private keys next to them.
  ...['/etc/ssl/certs', '/etc/ssl/cert.pem', '/etc/ssl/openssl.cnf', '/etc/ca-certificates/extracted'],
  ...['/etc/pki/ca-trust/extracted', '/etc/pki/tls/certs', '/etc/pki/tls/cert.pem', '/etc/pki/tls/openssl.cnf'],
];
const NIX = ['/nix/store', '/run/current-system/sw'];

const LDD = ['/usr/bin/ldd', '/bin/ldd'];
const run = promisify(execFile);

let found: Promise<readonly string[]> | undefined;

/**
 * Returns the paths that every script may read: the system, the Node binary, and the libraries that it needs.
 * Determined once per process.
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

/**
 * Returns the files that the dynamic loader would open for a binary. Returns none when the binary is static or the
 * loader cannot be run.
 */
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
