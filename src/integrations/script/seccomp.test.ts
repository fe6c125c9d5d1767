import { seccompFilter } from './seccomp';
import { SYSCALLS } from './syscalls';

const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const EPERM = 0x00050001;

/** Evaluates the BPF program as the kernel does. */
function verdict(architecture: string, number: number, argument = 0, arch = SYSCALLS[architecture]?.arch ?? 0): number {
  const program = seccompFilter(architecture) ?? Buffer.alloc(0);
  const data = new Map([
    [0, number],
    [4, arch],
    [16, argument],
  ]);
  let accumulator = 0;
  for (let at = 0; at < program.length / 8; at += 1) {
    const code = program.readUInt16LE(8 * at);
    const [ifTrue, ifFalse, value] = [
      program[8 * at + 2] ?? 0,
      program[8 * at + 3] ?? 0,
      program.readUInt32LE(8 * at + 4),
    ];
    const holds = { 0x15: accumulator === value, 0x35: accumulator >= value, 0x45: (accumulator & value) !== 0 }[code];
    if (code === 0x06) return value;
    if (code === 0x20) accumulator = data.get(value) ?? 0;
    else at += holds === true ? ifTrue : ifFalse;
  }
  throw new Error('The program does not end.');
}

describe.each(['x64', 'arm64'])('the filter of %s', (architecture) => {
  const table = SYSCALLS[architecture];
  if (table === undefined) throw new Error('There is no table.');

  it.each([
    'ptrace',
    'bpf',
    'keyctl',
    'mount',
    'userfaultfd',
    'perf_event_open',
    'kexec_load',
    'init_module',
    'unshare',
  ])('refuses %s', (name) => expect(verdict(architecture, table.refused[name] ?? -1)).toBe(EPERM));

  it.each([
    'memfd_create',
    'shmget',
    'semget',
    'msgget',
    'open_tree_attr',
    'setns',
    'io_uring_setup',
    'open_tree',
    'pidfd_getfd',
    'process_vm_readv',
  ])('refuses %s', (name) => expect(verdict(architecture, table.refused[name] ?? -1)).toBe(EPERM));

  it('refuses a clone with new namespaces and allows threads', () => {
    expect(verdict(architecture, table.clone, 0x10000000)).toBe(EPERM);
    expect(verdict(architecture, table.clone, 0x40000000 | 17)).toBe(EPERM);
    expect(verdict(architecture, table.clone, 0x003d0f00)).toBe(ALLOW);
    expect(verdict(architecture, table.clone3)).toBe(0x00050026);
  });

  it('allows sockets of the common families only', () => {
    for (const family of [1, 2, 10, 16]) expect(verdict(architecture, table.socket, family)).toBe(ALLOW);
    // AF_PACKET, AF_ALG and AF_VSOCK.
    for (const family of [17, 38, 40]) expect(verdict(architecture, table.socket, family)).not.toBe(ALLOW);
  });

  it('kills calls of another architecture', () => {
    expect(verdict(architecture, 0, 0, 0x40000003)).toBe(KILL);
    if (table.foreignFrom !== null) expect(verdict(architecture, table.foreignFrom + 1)).toBe(KILL);
  });

  it('allows everything else', () => expect(verdict(architecture, 63)).toBe(ALLOW));
});

it('does not exist for an architecture whose system calls are unknown', () => expect(seccompFilter('mips')).toBeNull());
