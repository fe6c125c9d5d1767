import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/os/free-port';
import { until } from './until';

const SSHD = process.env['SSHD'] ?? '/usr/sbin/sshd';

/** Whether a real OpenSSH server can be started. Always true in CI, so that the tests fail there if it is missing. */
export const hasOpenssh = existsSync(SSHD) || process.env['CI'] === 'true';
/** Runs a suite only if a real OpenSSH server can be started. */
export const describeWithOpenssh = hasOpenssh ? describe : describe.skip;

export interface OpensshServer {
  port: number;
  user: string;
  /** An accepted private key without a passphrase. */
  privateKey: string;
  /** An accepted private key with the passphrase `passphrase`. */
  lockedKey: string;
  passphrase: string;
  /** Public keys of the host, as `TYPE KEY`. */
  hostKeys: { ed25519: string; rsa: string };
  /** The host's known_hosts lines. */
  knownHosts: string;
  /** Password of the user. Null if the tests do not run as root, because only root can create users. */
  password: string | null;
  /** Config of a connection with the accepted user and key. */
  connection: Record<string, unknown>;
  /** A directory that the user may write to. */
  directory: string;
  close(): Promise<void>;
}

/** The user that logs in if the tests run as root. OpenSSH does not pass signals to root's commands. */
const LOGIN = { name: 'fermata-ssh', password: 'canary-password' };
/** Output of `openssl passwd -6` for the password. */
const HASH = '$6$fermata$fPRT6Ez3rJBdpHhNRvOGVDl6KkKT/8MntJ6Q.aT59vy6O.X/YzxCoKbMW5ak.kbZ1/Xjiirjw6caWFmICXGa2/';

function loginUser(): { name: string; uid: number; gid: number } {
  if (process.getuid?.() !== 0) {
    const { username: name, uid, gid } = userInfo();
    return { name, uid, gid };
  }
  const idOf = (flag: string) => Number(execFileSync('id', [flag, LOGIN.name], { stdio: 'pipe' }).toString());
  try {
    idOf('-u');
  } catch {
    execFileSync('useradd', [
      '--system',
      '--home-dir',
      '/tmp',
      '--no-create-home',
      '--shell',
      '/bin/sh',
      '--password',
      HASH,
      LOGIN.name,
    ]);
  }
  return { name: LOGIN.name, uid: idOf('-u'), gid: idOf('-g') };
}

/** Starts the system's OpenSSH server with generated keys. Only one user can log in. */
export async function startOpenssh(): Promise<OpensshServer> {
  const directory = await mkdtemp(join(tmpdir(), 'fermata-sshd-'));
  const file = (name: string) => join(directory, name);
  const passphrase = 'canary-passphrase';
  const keygen = (name: string, type: string, phrase = '') =>
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', phrase, '-C', 'test', '-f', file(name)]);
  keygen('host_ed25519', 'ed25519');
  keygen('host_rsa', 'rsa');
  keygen('user', 'ed25519');
  keygen('locked', 'rsa', passphrase);
  const read = (name: string) => readFileSync(file(name), 'utf8');
  await writeFile(file('authorized_keys'), read('user.pub') + read('locked.pub'), { mode: 0o644 });
  const login = loginUser();
  await chown(directory, login.uid, login.gid);
  // OpenSSH requires this directory for its privilege separation. Distributions create it when their service starts.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const port = await freePort();
  await writeFile(
    file('sshd_config'),
    `Port ${port}
ListenAddress 127.0.0.1
HostKey ${file('host_ed25519')}
HostKey ${file('host_rsa')}
PidFile none
UsePAM no
StrictModes no
PermitRootLogin no
PasswordAuthentication yes
AuthorizedKeysFile ${file('authorized_keys')}
Subsystem sftp internal-sftp
`,
  );
  const child = spawn(SSHD, ['-D', '-e', '-f', file('sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output = (output + chunk.toString('utf8')).slice(-20_000)));
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await until(
    'sshd listens',
    () => {
      if (child.exitCode !== null) throw new Error(`sshd ended:\n${output}`);
      return isListening(port);
    },
    30_000,
  );
  const typeAndKey = (name: string) => read(name).split(' ').slice(0, 2).join(' ');
  const hostKeys = { ed25519: typeAndKey('host_ed25519.pub'), rsa: typeAndKey('host_rsa.pub') };
  const knownHosts = `[127.0.0.1]:${port} ${hostKeys.ed25519}\n`;
  const user = login.name;
  const password = user === LOGIN.name ? LOGIN.password : null;
  const privateKey = read('user');
  return {
    ...{ port, user, privateKey, lockedKey: read('locked'), passphrase, password, hostKeys, knownHosts, directory },
    connection: { host: '127.0.0.1', port, user, privateKey, knownHosts },
    async close() {
      child.kill('SIGKILL');
      await gone;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}
