import type { Request } from 'express';
import { z } from 'zod';
import { automationEtag, type AutomationRecord } from '../../db/automation-store';
import type { Finding } from '../../domain/errors';
import { ProblemFinding } from '../http/problem';
import { json, type Reply } from '../http/route';
import { isoOrNull, Timestamp } from '../http/values';
import type { AutomationValidator, KnownReferences } from './validator';

/** Content types in which an automation can be requested. */
export const AUTOMATION_TYPES = ['application/json', 'application/yaml'] as const;

/** Response schema for an automation. */
export const AutomationAnswer = z
  .object({
    id: z.uuid(),
    name: z.string(),
    description: z.string().nullable(),
    group: z.string().nullable(),
    status: z.enum(['enabled', 'disabled']),
    managedBy: z.enum(['api', 'gitops']),
    provenance: z
      .object({ source: z.string(), path: z.string().nullable(), commit: z.string().nullable() })
      .nullable()
      .describe('Where the document comes from; null unless it is managed from Git'),
    version: z.int(),
    definition: z.looseObject({}).describe('The document; derived trigger ids are filled in'),
    warnings: z.array(ProblemFinding),
    createdAt: Timestamp,
    updatedAt: Timestamp,
    lastTriggeredAt: Timestamp.nullable(),
  })
  .meta({ id: 'AutomationResource' });

/** Returns the response body for an automation. */
export function toAnswer(record: AutomationRecord, warnings: readonly Finding[]): z.input<typeof AutomationAnswer> {
  const { id, name, description, group, status, managedBy, provenance, version, definition } = record;
  return {
    ...{ id, name, description, group, status, managedBy, provenance, version, definition },
    warnings: [...warnings],
    createdAt: record.createdAt.toISOString(),
    updatedAt: record.updatedAt.toISOString(),
    lastTriggeredAt: isoOrNull(record.lastTriggeredAt),
  };
}

/**
 * Returns an automation in the format that `Accept` requests, with its ETag. `known` contains the existing names
 * against which its references are checked.
 */
export async function reply(
  status: number,
  record: AutomationRecord,
  request: Request,
  validator: AutomationValidator,
  { headers = {}, known }: { headers?: Record<string, string>; known?: KnownReferences } = {},
): Promise<Reply> {
  const all = { ...headers, ETag: automationEtag(record), Vary: 'Accept' };
  if (request.accepts([...AUTOMATION_TYPES]) !== 'application/yaml')
    return json(status, toAnswer(record, await validator.warningsOf(record, known)), all);
  return {
    status,
    body: await validator.textOf(record),
    contentType: 'application/yaml; charset=utf-8',
    headers: all,
  };
}
