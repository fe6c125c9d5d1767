import { SYSCALLS } from './syscalls';

// Opcodes of classic BPF and actions of seccomp(2), from linux/bpf_common.h and linux/seccomp.h.
const LOAD_WORD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_AT_LEAST = 0x35;
const JUMP_ANY_BIT = 0x45;
const RETURN = 0x06;
const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const errno = (number: number): number => 0x00050000 | number;
const EPERM = errno(1);
const ENOSYS = errno(38);
const EAFNOSUPPORT = errno(97);

// Offsets in struct seccomp_data. Both supported architectures are little-endian.
const NUMBER = 0;
const ARCH = 4;
const FIRST_ARGUMENT = 16;

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const NEW_NAMESPACE = 0x7e020000;
/** AF_UNIX, AF_INET, AF_INET6, and AF_NETLINK, which resolvers use. */
const FAMILIES = [1, 2, 10, 16];

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

const load = (offset: number): Instruction => [LOAD_WORD, 0, 0, offset];
const give = (action: number): Instruction => [RETURN, 0, 0, action];
const unless = (code: number, value: number, then: readonly Instruction[]): Instruction[] => [
  [code, 0, then.length, value],
  ...then,
];

/**
 * Returns the seccomp filter of a script in the format that bubblewrap reads from a file descriptor. It refuses a list
 * of system calls, new namespaces, and sockets of uncommon families. System calls of another architecture kill the
 * process. Returns null for an architecture without a table.
 */
export function seccompFilter(architecture: string = process.arch): Buffer | null {
  const table = SYSCALLS[architecture];
  if (table === undefined) return null;
  const { arch, foreignFrom, clone, clone3, socket, refused } = table;
  return assemble([
    load(ARCH),
    [JUMP_EQUAL, 1, 0, arch],
    give(KILL_PROCESS),
    load(NUMBER),
    ...(foreignFrom === null ? [] : unless(JUMP_AT_LEAST, foreignFrom, [give(KILL_PROCESS)])),
    ...Object.values(refused).flatMap((number) => unless(JUMP_EQUAL, number, [give(EPERM)])),
    // A filter cannot read the flags of clone3, which are in memory. After ENOSYS, the C library falls back to clone.
    ...unless(JUMP_EQUAL, clone3, [give(ENOSYS)]),
    ...unless(JUMP_EQUAL, clone, [load(FIRST_ARGUMENT), [JUMP_ANY_BIT, 0, 1, NEW_NAMESPACE], give(EPERM), give(ALLOW)]),
    ...unless(JUMP_EQUAL, socket, [
      load(FIRST_ARGUMENT),
      ...FAMILIES.flatMap((family) => unless(JUMP_EQUAL, family, [give(ALLOW)])),
      give(EAFNOSUPPORT),
    ]),
    give(ALLOW),
  ]);
}

function assemble(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(8 * program.length);
  program.forEach(([code, ifTrue, ifFalse, value], index) => {
    const at = 8 * index;
    bytes.writeUInt16LE(code, at);
    bytes.writeUInt8(ifTrue, at + 2);
    bytes.writeUInt8(ifFalse, at + 3);
    bytes.writeUInt32LE(value, at + 4);
  });
  return bytes;
}
