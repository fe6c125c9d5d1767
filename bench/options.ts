import { parseArgs } from 'node:util';
import { PARTS, type Part } from './figure';

/** What the command line asks for. */
export interface Options {
  parts: ReadonlySet<Part>;
  quick: boolean;
  /** Exit code 1 when a target is missed. */
  check: boolean;
  /** Profiles API and worker and prints where their time went. */
  profile: boolean;
}

export const USAGE = `usage: npm run bench -- [PART…] [--quick] [--check] [--profile]

${Object.entries(PARTS)
  .map(([part, what]) => `  ${part}  ${what}`)
  .join('\n')}

  --quick   shorter slots: shows what is broken, not a few percent
  --check   exit code 1 when a target is missed
  --profile profiles API and worker and prints where their time went; figures suffer`;

const isPart = (text: string): text is Part => Object.hasOwn(PARTS, text);

/** Reads the arguments; no part named = all. @throws {Error} with what is wrong. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.filter((text) => !isPart(text));
  if (unknown.length > 0) throw new Error(`There is no part ${unknown.join(', ')}.`);
  const parts = positionals.filter(isPart);
  return { parts: new Set(parts.length === 0 ? (Object.keys(PARTS) as Part[]) : parts), ...values };
}
