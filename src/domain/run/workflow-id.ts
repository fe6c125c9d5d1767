import { sha256 } from '../sha256';

/** Longest context key that appears as it is in workflow ids and search attributes (SQL visibility holds 255). */
const LONGEST_KEY = 120;

/** A key as workflow ids and search attributes carry it: what is longer than 120 characters is cut and hashed. */
export function shortKey(key: string): string {
  return key.length <= LONGEST_KEY ? key : `${key.slice(0, 80).toWellFormed()}~${sha256(key).slice(0, 32)}`;
}

/** Workflow id of a run: one per bucket, except in `parallel`, where every run has its own. */
export function runWorkflowId(
  mode: 'single' | 'restart' | 'queued' | 'parallel',
  bucket: { automationId: string; scopeKey: string },
  runId: string,
): string {
  return `run:${bucket.automationId}:${mode === 'parallel' ? runId : shortKey(bucket.scopeKey)}`;
}
