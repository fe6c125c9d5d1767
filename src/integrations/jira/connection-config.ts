import { z } from 'zod';
import { BaseUrl } from '../connections/base-url';

/** Address and credentials of a Jira Cloud site. */
export const JiraConnection = z.strictObject({
  baseUrl: BaseUrl,
  email: z.string().min(1).max(320),
  apiToken: z.string().min(1).max(10_000).meta({ 'x-secret': true }),
});
export type JiraConnection = z.infer<typeof JiraConnection>;
