/** System call numbers of one architecture. */
export interface SyscallTable {
  /** `AUDIT_ARCH_*` from linux/audit.h. */
  arch: number;
  /** The first number that belongs to another calling convention (x32), or null if there is none. */
  foreignFrom: number | null;
  clone: number;
  clone3: number;
  socket: number;
  /** System calls that are refused with EPERM regardless of their arguments. */
  refused: Readonly<Record<string, number>>;
}

/** System calls added since Linux 5.0. They have the same number on every architecture. */
const COMMON = {
  ...{ io_uring_setup: 425, io_uring_enter: 426, io_uring_register: 427 },
  ...{ open_tree: 428, move_mount: 429, fsopen: 430, fsconfig: 431, fsmount: 432, fspick: 433 },
  ...{ pidfd_getfd: 438, mount_setattr: 442, quotactl_fd: 443, memfd_secret: 447, open_tree_attr: 467 },
} as const;

const X64: SyscallTable = {
  ...{ arch: 0xc000003e, foreignFrom: 0x40000000, clone: 56, clone3: 435, socket: 41 },
  refused: {
    ...COMMON,
    ...{ ptrace: 101, process_vm_readv: 310, process_vm_writev: 311, kcmp: 312 },
    ...{ bpf: 321, perf_event_open: 298, userfaultfd: 323, lookup_dcookie: 212 },
    ...{ add_key: 248, request_key: 249, keyctl: 250 },
    // These calls allocate memory outside of any process, which neither the limits per process nor the watch would
    // count.
    ...{ memfd_create: 319, shmget: 29, semget: 64, msgget: 68 },
    ...{ mount: 165, umount2: 166, pivot_root: 155, chroot: 161, unshare: 272, setns: 308 },
    ...{ kexec_load: 246, kexec_file_load: 320, reboot: 169, acct: 163 },
    ...{
      create_module: 174,
      init_module: 175,
      delete_module: 176,
      finit_module: 313,
      get_kernel_syms: 177,
      query_module: 178,
    },
    ...{
      name_to_handle_at: 303,
      open_by_handle_at: 304,
      fanotify_init: 300,
      nfsservctl: 180,
      uselib: 134,
      sysctl: 156,
    },
    ...{ swapon: 167, swapoff: 168, quotactl: 179, syslog: 103, vhangup: 153, personality: 135, modify_ldt: 154 },
    ...{ settimeofday: 164, clock_settime: 227, adjtimex: 159, clock_adjtime: 305 },
    ...{ sethostname: 170, setdomainname: 171, iopl: 172, ioperm: 173, migrate_pages: 256, move_pages: 279 },
  },
};

const ARM64: SyscallTable = {
  ...{ arch: 0xc00000b7, foreignFrom: null, clone: 220, clone3: 435, socket: 198 },
  refused: {
    ...COMMON,
    ...{ ptrace: 117, process_vm_readv: 270, process_vm_writev: 271, kcmp: 272 },
    ...{ bpf: 280, perf_event_open: 241, userfaultfd: 282, lookup_dcookie: 18 },
    ...{ add_key: 217, request_key: 218, keyctl: 219 },
    ...{ memfd_create: 279, shmget: 194, semget: 190, msgget: 186 },
    ...{ mount: 40, umount2: 39, pivot_root: 41, chroot: 51, unshare: 97, setns: 268 },
    ...{ kexec_load: 104, kexec_file_load: 294, reboot: 142, acct: 89 },
    ...{ init_module: 105, delete_module: 106, finit_module: 273 },
    ...{ name_to_handle_at: 264, open_by_handle_at: 265, fanotify_init: 262, nfsservctl: 42 },
    ...{ swapon: 224, swapoff: 225, quotactl: 60, syslog: 116, vhangup: 58, personality: 92 },
    ...{ settimeofday: 170, clock_settime: 112, adjtimex: 171, clock_adjtime: 266 },
    ...{ sethostname: 161, setdomainname: 162, migrate_pages: 238, move_pages: 239 },
  },
};

/** System call tables by architecture, as named in `process.arch`. */
export const SYSCALLS: Readonly<Record<string, SyscallTable>> = { x64: X64, arm64: ARM64 };
