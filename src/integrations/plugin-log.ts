import type { Mask } from '../domain/secrets/mask-values';
import type { Logger } from '../log';
import { maskError } from './mask-error';

interface Write {
  (fields: object, message?: string, ...values: unknown[]): void;
  (message: string, ...values: unknown[]): void;
}

/** The log of a plugin. Takes fields and a message, or only a message. Secrets that plugins have read are masked. */
export interface PluginLog {
  debug: Write;
  info: Write;
  warn: Write;
  error: Write;
}

/** Creates a log that writes to the process log and adds `plugin: <id>` to each line. */
export function createPluginLog(log: Logger, plugin: () => string, mask: Mask): PluginLog {
  const own = { id: '', log };
  const of = (id: string): PluginLog => {
    if (own.id !== id) Object.assign(own, { id, log: log.child({ plugin: id }) });
    return own.log;
  };
  const at =
    (level: keyof PluginLog) =>
    (...given: unknown[]): void => {
      of(plugin())[level](...(given.map((value) => masked(mask, value)) as [string, ...unknown[]]));
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function masked(mask: Mask, value: unknown): unknown {
  if (value instanceof Error) return maskError(mask, value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return mask(value, 'data');
  const entries = Object.entries(value).map(([key, field]: [string, unknown]) => {
    return field instanceof Error
      ? ([key, maskError(mask, field)] as const)
      : Object.entries(mask({ [key]: field }, 'data'))[0];
  });
  return Object.fromEntries(entries.filter((entry) => entry !== undefined));
}
