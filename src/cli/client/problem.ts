import type { Response } from 'undici';
import { z } from 'zod';
import { onOneLine } from '../../domain/control-text';
import { messageOf, type Finding } from '../../domain/errors';

/** The fields of a problem document (RFC 9457) that the command line shows. */
const Problem = z.looseObject({
  code: z.string(),
  detail: z.string(),
  errors: z
    .array(
      z.object({
        path: z.string(),
        message: z.string(),
        code: z.string(),
        line: z.number().optional(),
        column: z.number().optional(),
      }),
    )
    .default([]),
});

interface ProblemExtras {
  status?: number;
  code?: string;
  findings?: readonly Finding[];
  cause?: unknown;
}

/**
 * Thrown when the API refuses a call. The message contains the detail, the code, and every finding with its position.
 */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  /** HTTP status. Undefined if the response could not be parsed. */
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly findings: readonly Finding[];

  constructor(message: string, extras: ProblemExtras = {}) {
    super(message, extras.cause === undefined ? undefined : { cause: extras.cause });
    this.status = extras.status;
    this.code = extras.code;
    this.findings = extras.findings ?? [];
  }
}

/** Thrown when the server does not answer. */
export class ApiUnreachable extends Error {
  override readonly name = 'ApiUnreachable';
  constructor(url: string, cause: unknown) {
    const reason = reasonOf(cause);
    super(
      `Nothing answers at ${url} (${reason}). Start Fermata with "fermata dev", or set FERMATA_URL to the address of its API.`,
      { cause },
    );
  }
}

/** Returns the problem that an error response describes. */
export async function problemOf(response: Response, hadToken: boolean): Promise<ApiProblem> {
  const text = await response.text();
  const problem = Problem.safeParse(jsonOrUndefined(text));
  const { status } = response;
  if (!problem.success) {
    const answer = `${status} ${response.statusText}`.trim();
    const { origin } = new URL(response.url);
    return new ApiProblem(
      `${origin} answered ${answer}, which is not an answer of Fermata's API. Check FERMATA_URL and any proxy in between.`,
      { status },
    );
  }
  const { code, detail, errors } = problem.data;
  const findings: Finding[] = errors.map(({ line, column, ...finding }) => ({
    ...finding,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  }));
  const [only] = findings;
  // The detail of a single finding without a position repeats it.
  const isRepeated = findings.length === 1 && only?.line === undefined && detail.endsWith(only?.message ?? '');
  const shown = isRepeated ? [] : findings;
  const lines = [`${onOneLine(detail)} [${onOneLine(code)}]`, ...shown.map((finding) => `  ${findingText(finding)}`)];
  if (status === 401) lines.push(hadToken ? TOKEN_REFUSED : TOKEN_MISSING);
  return new ApiProblem(lines.join('\n'), { status, code, findings });
}

const TOKEN_MISSING = '  Set FERMATA_TOKEN; an admin can create one with "fermata token create NAME --role operator".';
const TOKEN_REFUSED =
  '  The token is that of FERMATA_TOKEN, FERMATA_ADMIN_TOKEN or "fermata dev". Set FERMATA_TOKEN to a valid one; ' +
  'an admin can create one with "fermata token create NAME --role operator".';

/**
 * Returns a finding as one line: the file and the position in its text, the path in the document, the message and the
 * code.
 */
export function findingText({ path, message, code, line, column }: Finding, file?: string): string {
  const place = line === undefined ? undefined : column === undefined ? `${line}` : `${line}:${column}`;
  const where = [file, place].filter((part) => part !== undefined).join(':');
  const labels = [where, path].filter((part) => part !== '');
  return `${labels.length === 0 ? '' : `${labels.join('  ')}  `}${onOneLine(message)} [${code}]`;
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Returns the message of the innermost cause, because `fetch` wraps the reason for a failure in a chain of errors. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (error instanceof Error && error.cause !== undefined) return reasonOf(error.cause);
  return messageOf(error);
}
