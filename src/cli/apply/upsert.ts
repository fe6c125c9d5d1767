import { z } from 'zod';
import { Findings } from '../../domain/definition/findings';
import { normalizeDocument } from '../../domain/definition/normalize';
import { Definition } from '../../domain/definition/schema';
import { sameJson } from '../../domain/entities/diff';
import type { ApiClient } from '../client';
import { Automation } from '../client/answers';
import { automationsNamed } from '../client/find-automation';
import { UsageError } from '../usage-error';
import type { AutomationFile, FileFinding } from './automation-files';

const place = z.number().optional();
const Found = z
  .object({ path: z.string(), message: z.string(), code: z.string(), line: place, column: place })
  .transform(({ line, column, ...finding }) => ({
    ...finding,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  }));
const Validation = z.object({ errors: z.array(Found), warnings: z.array(Found) });

/** What became of one document. */
export interface Applied {
  file: string;
  name: string;
  /** null = it would be created. */
  id: string | null;
  action: 'created' | 'updated' | 'unchanged';
}

/** Everything that the API finds in a document, with its place in the file. */
export async function validateFile(
  client: ApiClient,
  { file, document, text, locate }: AutomationFile,
): Promise<{ errors: FileFinding[]; warnings: FileFinding[] }> {
  const body = text === undefined || file.endsWith('.json') ? { json: document } : { yaml: text };
  const { errors, warnings } = await client.send('POST', '/automations/validate', Validation, { body });
  const placed = (finding: (typeof errors)[number]): FileFinding => ({
    file,
    finding: finding.line === undefined ? { ...finding, ...locate(finding.path) } : finding,
  });
  return { errors: errors.map(placed), warnings: warnings.map(placed) };
}

/**
 * Creates the automation, or brings the one of the same name to what the file says: a key that is not in the file gets
 * its default. The status stays unless the file names one. `dryRun` only tells what would be done.
 * @throws {UsageError} when several automations have the name.
 */
export async function upsert(client: ApiClient, automation: AutomationFile, dryRun: boolean): Promise<Applied> {
  const { file, document, text } = automation;
  const name = String(document['name']);
  const [current, ...more] = await automationsNamed(client, name);
  if (more.length > 0) {
    const ids = [current, ...more].map((each) => `  ${each?.id ?? ''}`).join('\n');
    throw new UsageError(`${file}: several automations are called "${name}"; rename or delete all but one:\n${ids}`);
  }
  if (current === undefined) {
    if (dryRun) return { file, name, id: null, action: 'created' };
    const body = text === undefined || file.endsWith('.json') ? { json: document } : { yaml: text };
    const { id } = await client.send('POST', '/automations', Automation, { body });
    return { file, name, id, action: 'created' };
  }
  const { id } = current;
  if (isSame(current, document)) return { file, name, id, action: 'unchanged' };
  if (!dryRun)
    await client.send('PATCH', `/automations/${id}`, Automation, { body: { json: replacing(current, document) } });
  return { file, name, id, action: 'updated' };
}

/** Whether saving the document would change nothing. */
function isSame(current: Automation, document: Record<string, unknown>): boolean {
  const { status, ...rest } = structuredClone(document);
  if (status !== undefined && status !== current.status) return false;
  normalizeDocument(rest, new Findings());
  const parsed = Definition.safeParse(rest);
  if (!parsed.success) return false;
  const { group, ...definition } = parsed.data;
  return (group ?? '') === (current.group ?? '') && sameJson(definition, current.definition);
}

/** A patch replaces keys; null takes away those that the document does not have. */
function replacing(current: Automation, document: Record<string, unknown>): Record<string, unknown> {
  const gone = [...Object.keys(current.definition), 'group'].filter((key) => !Object.hasOwn(document, key));
  return { ...document, ...Object.fromEntries(gone.map((key) => [key, null])) };
}
