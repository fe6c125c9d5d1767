import { DrizzleQueryError } from 'drizzle-orm/errors';
import { onOneLine, showControls } from './domain/control-text';
import pino, { type DestinationStream, type Logger as PinoLogger } from 'pino';

/** The logger. It is always passed as a dependency and never stored in a module. */
export type Logger = PinoLogger;

/** Settings of a logger. */
export interface LoggerOptions {
  level: string;
  /** Name of the process or part, e.g. `api`. */
  name: string;
  /** Default: text when standard output is a terminal, JSON elsewhere. */
  format?: 'json' | 'text' | undefined;
  /** Where the log is written. Default: standard output. */
  destination?: DestinationStream;
  /** Whether text has colours. Default: the result of `useColours`. */
  colours?: boolean;
}

/** Creates a pino logger that writes JSON lines for machines, or one line of text per entry for people. */
export function createLogger(options: LoggerOptions): Logger {
  const { level, name, destination = process.stdout } = options;
  const format = options.format ?? (process.stdout.isTTY ? 'text' : 'json');
  const settings = {
    level,
    name,
    base: {},
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: (error: unknown) => pino.stdSerializers.err(withoutParameters(error) as Error) },
  };
  if (format === 'json') return pino({ ...settings, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  const { colours = useColours() } = options;
  return pino(settings, { write: (line) => destination.write(`${humanLine(line, colours)}\n`) });
}

/**
 * Returns the cause of a failed query instead of the query error, because the message of that error repeats the
 * parameters, which may be personal data. Returns any other error unchanged.
 */
function withoutParameters(error: unknown): unknown {
  return error instanceof DrizzleQueryError ? (error.cause ?? new Error('A query failed')) : error;
}

/**
 * Returns whether output on standard output should have colours. They are off when NO_COLOR is set. Otherwise
 * FORCE_COLOR decides (`0` = off). Without FORCE_COLOR, they are on when standard output is a terminal.
 */
export function useColours(): boolean {
  if ((process.env['NO_COLOR'] ?? '') !== '') return false;
  const forced = process.env['FORCE_COLOR'];
  return forced !== undefined ? forced !== '0' : process.stdout.isTTY;
}

const COLOUR_OF_LEVEL = new Map([
  ['warn', 33],
  ['error', 31],
  ['fatal', 31],
  ['debug', 90],
  ['trace', 90],
]);

function humanLine(json: string, colours: boolean): string {
  const { level, time, name: _name, msg, err, ...rest } = JSON.parse(json) as Record<string, unknown>;
  const clock = new Date(typeof time === 'number' ? time : Date.now()).toTimeString().slice(0, 8);
  const label = level === 'info' ? '' : `${String(level)} `;
  const fields = Object.entries(rest).map(([key, value]) => ` ${key}=${fieldText(value)}`);
  const line = `${clock} ${label}${typeof msg === 'string' ? onOneLine(msg) : ''}${fields.join('')}${errorText(err, level)}`;
  const colour = COLOUR_OF_LEVEL.get(String(level));
  return colours && colour !== undefined ? `\x1b[${colour}m${line}\x1b[0m` : line;
}

function fieldText(value: unknown): string {
  const isPlain = typeof value === 'string' && /^[^\s"]+$/.test(value);
  return showControls(isPlain ? value : JSON.stringify(value));
}

/**
 * Returns the text of an error: its stack at the levels `error` and `fatal`, otherwise its message on one line. The
 * lines of the stack are indented, so that none of them can be mistaken for a line of the log.
 */
function errorText(error: unknown, level: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { message, stack } = error as { message?: string; stack?: string };
  if (level !== 'error' && level !== 'fatal') return ` (${onOneLine(message ?? '')})`;
  return ` ${showControls(stack ?? message ?? '').replace(/\n\s*/g, '\n    ')}`;
}
