import { DefaultLogger, Runtime, type LogLevel } from '@temporalio/worker';
import type { Logger } from '../log';

const LEVELS: Record<LogLevel, 'trace' | 'debug' | 'info' | 'warn' | 'error'> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  // What the SDK says at info (a worker's states) is of interest to its developers only.
  INFO: 'debug',
  WARN: 'warn',
  ERROR: 'error',
};

/** Sends the SDK's log through ours. Once in a process, before the first connection. */
export function installRuntime(log: Logger): void {
  const logger = new DefaultLogger(log.isLevelEnabled('debug') ? 'DEBUG' : 'WARN', ({ level, message, meta }) => {
    const { sdkComponent, taskQueue, error, ...facts } = (meta ?? {}) as Record<string, unknown>;
    log[LEVELS[level]]({ ...facts, ...(error === undefined ? {} : { err: error }) }, message);
  });
  Runtime.install({ logger });
}
