import { api, bodyOf, type Finding } from '../../api/client';

/** A finding and its severity. Errors prevent saving; warnings do not. */
export interface PlacedFinding extends Finding {
  severity: 'error' | 'warning';
}

/** Returns errors and warnings in one list, each with its severity. */
export function placed(found: { errors: readonly Finding[]; warnings: readonly Finding[] }): PlacedFinding[] {
  return [
    ...found.errors.map((each) => ({ ...each, severity: 'error' as const })),
    ...found.warnings.map((each) => ({ ...each, severity: 'warning' as const })),
  ];
}

/**
 * Returns the findings to show until the service has validated the new text: the local validator's findings, and the
 * findings in the service's last response (`remote`) that the local validator does not report. Without the remote
 * findings, the list would shrink and grow again on every change.
 */
export const mergedFindings = (local: readonly PlacedFinding[], remote: readonly PlacedFinding[]): PlacedFinding[] => [
  ...local,
  ...onlyRemote(remote, local),
];

/** Returns the findings of the service that the local validator did not report. */
export function onlyRemote(remote: readonly PlacedFinding[], local: readonly PlacedFinding[]): PlacedFinding[] {
  const known = new Set(local.map(identityOf));
  return remote.filter((finding) => !known.has(identityOf(finding)));
}

const identityOf = ({ path, code, message }: Finding) => JSON.stringify([path, code, message]);

/** Validates a document with the service. */
export async function validate(text: string): Promise<PlacedFinding[]> {
  const answer = await bodyOf(
    api.POST('/api/v1/automations/validate', {
      body: text as never,
      bodySerializer: (body: unknown) => String(body),
      headers: { 'Content-Type': 'application/yaml' },
    }),
  );
  return placed(answer);
}

/**
 * Returns the range of the word at a finding's line and column. Without a line, returns the range of the first line.
 */
export function rangeOf(text: string, { line, column }: Finding): { from: number; to: number } {
  if (line === undefined) return { from: 0, to: Math.min(text.length, Math.max(0, text.indexOf('\n'))) };
  const start = offsetOf(text, line, column ?? 1);
  const word = /^[^\s,\]}]+/.exec(text.slice(start))?.[0] ?? '';
  return { from: start, to: Math.max(start + word.length, Math.min(start + 1, text.length)) };
}

function offsetOf(text: string, line: number, column: number): number {
  let at = 0;
  for (let each = 1; each < line; each += 1) {
    const next = text.indexOf('\n', at);
    if (next < 0) return text.length;
    at = next + 1;
  }
  return Math.min(at + column - 1, text.length);
}

/** Returns the replacement that a finding's message suggests (`Did you mean "…"`), if any. */
export function fixOf(text: string, finding: Finding): { from: number; to: number; insert: string } | undefined {
  const insert = /[Dd]id you mean "([^"]+)"/.exec(finding.message)?.[1];
  if (insert === undefined) return undefined;
  const wrong = /"([^"]+)"/.exec(finding.message.replace(/[Dd]id you mean.*/, ''))?.[1];
  const start = finding.line === undefined ? 0 : offsetOf(text, finding.line, 1);
  const from = wrong === undefined ? -1 : text.indexOf(wrong, start);
  return wrong === undefined || from < 0 ? undefined : { from, to: from + wrong.length, insert };
}
