import { parseArgs } from 'node:util';
import { PARTS, type Part } from './figure';

/** Options from the command line. */
export interface Options {
  parts: ReadonlySet<Part>;
  quick: boolean;
  /** Sets exit code 1 when a target is missed. */
  check: boolean;
  /** Prints what each run costs: CPU time, statements, commits, and requests to Temporal. */
  profile: boolean;
  /** Runs the API and the worker with Node's CPU profiler, and prints the functions that used the most CPU time. */
  functions: boolean;
}

export const USAGE = `usage: npm run bench -- [PART…] [--quick] [--check] [--profile] [--functions]

${Object.entries(PARTS)
  .map(([part, what]) => `  ${part}  ${what}`)
  .join('\n')}

  --quick      shorter slots: shows what is broken, but not differences of a few percent
  --check      exit code 1 when a target is missed
  --profile    also prints what each run of parts a and b costs: CPU time by process and thread,
               statements, commits, requests to Temporal, eager starts
  --functions  prints the functions of API and worker that took the most time; this distorts the figures`;

const isPart = (text: string): text is Part => Object.hasOwn(PARTS, text);

/**
 * Parses the arguments. Without parts, all parts are measured.
 * @throws {Error} for an invalid argument
 */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      functions: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.filter((text) => !isPart(text));
  if (unknown.length > 0) throw new Error(`There is no part ${unknown.join(', ')}.`);
  const parts = positionals.filter(isPart);
  return { parts: new Set(parts.length === 0 ? (Object.keys(PARTS) as Part[]) : parts), ...values };
}
