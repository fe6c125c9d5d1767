import { z } from 'zod';
import { explain, findingsOf } from '../../domain/validation/explain';
import type { DomainWrite } from '../../domains/domain-write';
import { CheckResult } from '../../domains/healthcheck/check-result';
import { recordResults } from '../../domains/healthcheck/record-results';
import { refusal } from './refusal';

const Batch = z.strictObject({ results: z.array(z.unknown()) });

function parseOne(input: unknown, index?: number): CheckResult {
  const parsed = explain(CheckResult, input);
  if (parsed.success) return parsed.data;
  throw refusal('Result', findingsOf(parsed.problems, index === undefined ? [] : ['results', index]), index);
}

/**
 * Parses one result, or `{results: […]}`.
 * @throws {FermataError} `validation_failed` for the whole request. In a list, `data.index` is the index of the invalid
 * result.
 */
export function parseHealthResults(body: unknown): CheckResult[] {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, 'results')) return [parseOne(body)];
  const parsed = explain(Batch, body);
  if (parsed.success) return parsed.data.results.map((result, index) => parseOne(result, index));
  throw refusal('The body', findingsOf(parsed.problems));
}

/** Stores the results of checks that ran in other processes. */
export async function ingestHealth(
  write: DomainWrite,
  results: readonly CheckResult[],
): Promise<{ changeIds: string[] }> {
  return { changeIds: await recordResults(write, results) };
}
