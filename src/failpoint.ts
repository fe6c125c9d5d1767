/** Called at named points of the program. Kills, suspends or blocks the process at one of them. Used by fault tests. */
export type Failpoint = (name: string) => Promise<void> | void;

/**
 * Creates the failpoint from `FERMATA_FAILPOINT=name:nth[:action]`. Without this setting, the failpoint does nothing.
 * There are three actions. `kill` (default) ends the process like `kill -9`. `stop` suspends it with SIGSTOP until it
 * receives SIGCONT. `hold` makes the n-th caller and all later callers wait forever while the rest of the process
 * continues.
 */
export function createFailpoint(setting: string | undefined): Failpoint {
  const match = /^([a-z-]+):(\d+)(?::(kill|stop|hold))?$/.exec(setting ?? '');
  if (!match) return () => undefined;
  const [, wanted, nth, action = 'kill'] = match;
  let left = Number(nth);
  return async (name) => {
    if (name !== wanted) return;
    left -= 1;
    if (action === 'hold' ? left > 0 : left !== 0) return;
    process.stderr.write(`failpoint ${name} reached: ${action}\n`);
    if (action === 'hold') return new Promise<void>(() => undefined);
    process.kill(process.pid, action === 'stop' ? 'SIGSTOP' : 'SIGKILL');
    // The signal is delivered between ticks. Until then, no code after the point may run.
    await new Promise((resolve) => setTimeout(resolve, 50));
  };
}
