import type { Logger } from '../log';

/**
 * Returns a function that logs a warning about the difference between this machine's clock and the database's clock.
 * The database's clock decides all deadlines.
 */
export const warnOfSkew =
  (log: Logger) =>
  (skewMs: number): void => {
    const direction = skewMs > 0 ? 'ahead of' : 'behind';
    const seconds = Math.round(Math.abs(skewMs) / 100) / 10;
    log.warn({ skewMs: Math.round(skewMs) }, `the clock of this machine is ${seconds} s ${direction} the database's`);
  };
