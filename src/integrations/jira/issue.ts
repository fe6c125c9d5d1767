import { z } from 'zod';
import { ProviderFailure } from '../provider-failure';

/** The artifact of actions on one issue. */
export const Issue = z.object({
  issueKey: z.string(),
  projectKey: z.string(),
  issueUrl: z.string(),
  id: z.string(),
  status: z.string().optional(),
});
export type Issue = z.infer<typeof Issue>;

/** An issue in Jira's responses. */
export const JiraIssue = z.looseObject({
  id: z.string(),
  key: z.string(),
  properties: z.record(z.string(), z.unknown()).optional(),
  fields: z
    .looseObject({
      issuetype: z.looseObject({ id: z.string() }).optional(),
      summary: z.string().nullish(),
      status: z
        .looseObject({
          id: z.string(),
          name: z.string(),
          statusCategory: z.looseObject({ key: z.string() }).optional(),
        })
        .optional(),
    })
    .optional(),
});
export type JiraIssue = z.infer<typeof JiraIssue>;

export const JiraSearch = z.looseObject({ issues: z.array(JiraIssue) });

/** Returns the artifact for an issue. */
export function issueOf(baseUrl: string, { id, key, fields }: JiraIssue): Issue {
  const status = fields?.status?.name;
  return {
    issueKey: key,
    projectKey: key.replace(/-\d+$/, ''),
    issueUrl: `${baseUrl}/browse/${encodeURIComponent(key)}`,
    id,
    ...(status !== undefined && { status }),
  };
}

/**
 * Returns the issue key that a step names, or the key of the issue that an earlier step created.
 * @throws {ProviderFailure} artifact_missing when there is neither
 */
export function issueKeyOf(issueKey: string | undefined, consumed: Record<string, unknown> | null): string {
  const key = issueKey ?? consumed?.['issueKey'];
  if (typeof key === 'string') return key;
  const message = 'Set issueKey: no earlier step has created an issue that is open.';
  throw new ProviderFailure('artifact_missing', message, { retryable: false });
}

/** Returns `text` as a quoted JQL string. */
export function quoteJql(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/[\r\n]+/g, ' ')}"`;
}
