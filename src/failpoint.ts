/** Stops the process at a named point, the n-th time it is reached; what fault tests are made of. */
export type Failpoint = (name: string) => Promise<void> | void;

/**
 * Reads `FERMATA_FAILPOINT=name:nth[:action]`; without it every point is inert. Actions: `kill` (default) ends the
 * process as kill -9 does, `stop` suspends it as SIGSTOP does until somebody sends SIGCONT, `hold` keeps the n-th
 * caller and all later ones at the point forever while the rest of the process goes on.
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
    // The signal is delivered between ticks; nothing after the point may run before it.
    await new Promise((resolve) => setTimeout(resolve, 50));
  };
}
