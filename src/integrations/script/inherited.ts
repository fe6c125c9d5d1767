import { readdirSync, readFileSync } from 'node:fs';

const CLOSE_ON_EXEC = 0o2000000;
/** The highest file descriptor that a script needs, to which it writes its result. */
const RESULT = 3;

/**
 * Returns the open file descriptors that every child process would inherit. They come from the parent of this process:
 * files that Node opens are not inherited (close-on-exec). Returns an empty list without /proc.
 */
function inheritedDescriptors(): number[] {
  try {
    return readdirSync('/proc/self/fdinfo').map(Number).filter(isInherited);
  } catch {
    return [];
  }
}

function isInherited(descriptor: number): boolean {
  if (descriptor <= RESULT) return false;
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1'))?.[1];
    return flags !== undefined && (parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    return false;
  }
}

/**
 * Returns a command that closes inherited file descriptors before it runs the given command. Returns the command
 * unchanged if there are none.
 */
export function withoutInherited(command: readonly string[]): readonly string[] {
  const descriptors = inheritedDescriptors();
  if (descriptors.length === 0) return command;
  const close = descriptors.map((descriptor) => `${descriptor}<&-`).join(' ');
  return ['/bin/bash', '--norc', '--noprofile', '-c', `exec ${close}; exec "$@"`, 'bash', ...command];
}
