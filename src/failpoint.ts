/** Stops the process at a named point, the n-th time it is reached; what fault tests are made of. */
export type Failpoint = (name: string) => Promise<void> | void;

/**
 * Reads `FERMATA_FAILPOINT=name:nth[:action]`; without it every point is inert. Actions: `kill` (default) ends the
 * process as kill -9 does, `stop` suspends it as SIGSTOP does until somebody sends SIGCONT.
 */
export function createFailpoint(setting: string | undefined): Failpoint {
  const match = /^([a-z-]+):(\d+)(?::(kill|stop))?$/.exec(setting ?? '');
  if (!match) return () => undefined;
  const [, wanted, nth, action = 'kill'] = match;
  let left = Number(nth);
  return async (name) => {
    if (name !== wanted || --left !== 0) return;
    process.stderr.write(`failpoint ${name} reached: ${action}\n`);
    process.kill(process.pid, action === 'stop' ? 'SIGSTOP' : 'SIGKILL');
    // The signal is delivered between ticks; nothing after the point may run before it.
    await new Promise((resolve) => setTimeout(resolve, 50));
  };
}
