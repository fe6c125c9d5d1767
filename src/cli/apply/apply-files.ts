import type { ApiClient } from '../client';
import { ApiProblem, findingText } from '../client/problem';
import type { AutomationFile, FileFinding } from './automation-files';
import { upsert, validateFile, type Applied } from './upsert';

/** What was done, and what is worth a second look. */
export interface ApplyOutcome {
  results: Applied[];
  warnings: FileFinding[];
}

/**
 * Validates all documents, then creates or updates them one by one. Nothing is changed when one is not valid.
 * @throws {ApiProblem} with every finding of every file.
 */
export async function applyAutomations(
  client: ApiClient,
  automations: readonly AutomationFile[],
  { dryRun = false, errors = [] as readonly FileFinding[] } = {},
): Promise<ApplyOutcome> {
  const found = [...errors, ...sameNames(automations)];
  const warnings: FileFinding[] = [];
  for (const automation of automations) {
    const validation = await validateFile(client, automation);
    found.push(...validation.errors);
    warnings.push(...validation.warnings);
  }
  if (found.length > 0) {
    const lines = found.map(({ file, finding }) => `  ${findingText(finding, file)}`);
    throw new ApiProblem(`Nothing was applied:\n${lines.join('\n')}`, { code: 'validation_failed' });
  }
  const results: Applied[] = [];
  for (const automation of automations) results.push(await upsert(client, automation, dryRun));
  return { results, warnings };
}

/** The name is what tells which automation a document is. */
function sameNames(automations: readonly AutomationFile[]): FileFinding[] {
  const first = new Map<string, string>();
  return automations.flatMap(({ file, document, locate }) => {
    const name = document['name'];
    if (typeof name !== 'string') return [];
    const other = first.get(name);
    if (other === undefined) {
      first.set(name, file);
      return [];
    }
    const message = `${other} has an automation of the same name "${name}"`;
    return [{ file, finding: { code: 'duplicate_name', message, ...locate('name') } }];
  });
}
