import { relative, resolve, sep } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { Finding } from '../../domain/errors';
import type { ApiClient } from '../client';
import { ApiProblem, findingText } from '../client/problem';
import type { AutomationFile, FileFinding } from './automation-files';

const place = z.number().optional();
const Found = z
  .object({ path: z.string(), message: z.string(), code: z.string(), line: place, column: place })
  .transform(({ path, message, code }): Finding => ({ path, message, code }));

const Answer = z.object({
  warnings: z.array(Found).default([]),
  results: z.array(
    z.object({
      name: z.string(),
      id: z.string().nullable(),
      action: z.enum(['created', 'updated', 'unchanged', 'deleted']),
    }),
  ),
});

/** The outcome for one document, or for an automation without a document. */
export type AppliedDocument = z.infer<typeof Answer>['results'][number] & {
  /** Path of the file that contains the document. Undefined if the automation was deleted. */
  file: string | undefined;
};

interface ApplyOutcome {
  results: AppliedDocument[];
  warnings: FileFinding[];
}

interface ApplyOptions {
  /** Errors in files that could not be read as automations. */
  errors?: readonly FileFinding[];
  dryRun?: boolean;
  prune?: boolean;
  allowEmpty?: boolean;
  /** Owner of the automations. If absent, the API uses its default. */
  source?: string | undefined;
  /** Commit from which the files were read. Stored with the automations. */
  commit?: string | undefined;
}

/**
 * Applies all documents in one call. Changes nothing if any of them is invalid.
 * @throws {ApiProblem} with all findings of all files
 */
export async function applyAutomations(
  client: ApiClient,
  automations: readonly AutomationFile[],
  { errors = [], dryRun = false, prune = false, allowEmpty = false, source, commit }: ApplyOptions = {},
): Promise<ApplyOutcome> {
  // If some files cannot be read, only check the others, so that all problems are reported at once.
  const only = dryRun || errors.length > 0;
  const query = { dryRun: only, prune: prune && errors.length === 0, allowEmpty, source, commit };
  const yaml = automations.map(textOf).join('---\n');
  try {
    const { results, warnings } = await client.send('POST', '/gitops/apply', Answer, { body: { yaml }, query });
    if (errors.length > 0) throw refusal(errors);
    const files = new Map(automations.map(({ wrapped, file }) => [wrapped.metadata.name, file]));
    const fileOf = ({ name, action }: (typeof results)[number]) => (action === 'deleted' ? undefined : files.get(name));
    return {
      results: results.map((each) => ({ ...each, file: fileOf(each) })),
      warnings: warnings.map((finding) => inFile(finding, automations)),
    };
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.findings.length === 0) throw error;
    throw refusal([...errors, ...error.findings.map((finding) => inFile(finding, automations))]);
  }
}

/**
 * Returns the document as YAML, with its comments if they can be kept. Adds the file's path, relative to the working
 * directory, as `metadata.annotations.path`, unless the document sets it.
 */
function textOf({ wrapped, file, text }: AutomationFile): string {
  const path = relative(process.cwd(), resolve(file)).split(sep).join('/');
  const metadata = wrapped.metadata as { annotations?: Record<string, string> };
  const whole = { ...wrapped, metadata: { ...metadata, annotations: { path, ...metadata.annotations } } };
  return text(path) ?? stringify(whole, { aliasDuplicateObjects: false });
}

function refusal(found: readonly FileFinding[]): ApiProblem {
  const lines = found.map(({ file, finding }) => `  ${findingText(finding, file)}`);
  return new ApiProblem(`Nothing was applied:\n${lines.join('\n')}`, { code: 'validation_failed' });
}

/** Returns a finding with the file and line of its document. The API only returns the document's index. */
function inFile(finding: Finding, automations: readonly AutomationFile[]): FileFinding {
  const [, index = '', path = ''] = /^documents\[(\d+)\]\.?(.*)$/.exec(finding.path) ?? [];
  const automation = automations[Number(index)];
  if (index === '' || automation === undefined) return { file: '', finding };
  const { code } = finding;
  // A message about a repeated name refers to the other document.
  const message = finding.message.replace(
    /documents\[(\d+)\]/,
    (all, other) => automations[Number(other)]?.file ?? all,
  );
  return { file: automation.file, finding: { code, message, ...automation.locateWrapped(path) } };
}
