import type { Logger } from '../log';

/**
 * Returns a function that warns that the clock of this machine differs from the database's, which decides all
 * deadlines.
 */
export const warnOfSkew =
  (log: Logger) =>
  (skewMs: number): void => {
    const direction = skewMs > 0 ? 'ahead of' : 'behind';
    const seconds = Math.round(Math.abs(skewMs) / 100) / 10;
    log.warn({ skewMs: Math.round(skewMs) }, `the clock of this machine is ${seconds} s ${direction} the database's`);
  };
