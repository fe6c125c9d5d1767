import { z } from 'zod';
import { BaseUrl } from '../connections/base-url';

const secret = z.string().min(1).max(10_000).optional().meta({ 'x-secret': true });

/** The address of an Alertmanager and the credentials for it. */
export const AlertmanagerConnection = z
  .strictObject({
    url: BaseUrl.describe('Base address without /api/v2, including a route prefix'),
    authType: z.enum(['none', 'basic', 'bearer']).optional().describe('Default: derived from the given credentials'),
    user: z.string().min(1).max(320).optional(),
    password: secret,
    token: secret,
  })
  .superRefine(({ authType, user, password, token }, ctx) => {
    const missing = (path: string, message: string) => ctx.addIssue({ code: 'custom', path: [path], message });
    if (authType === 'basic' && user === undefined) missing('user', 'is required with authType basic');
    if (authType === 'basic' && password === undefined) missing('password', 'is required with authType basic');
    if (authType === 'bearer' && token === undefined) missing('token', 'is required with authType bearer');
  });
export type AlertmanagerConnection = z.infer<typeof AlertmanagerConnection>;

/** Returns the configured type of authentication, or derives it from the credentials that are set. */
export function authTypeOf({ authType, user, token }: AlertmanagerConnection): 'none' | 'basic' | 'bearer' {
  return authType ?? (token !== undefined ? 'bearer' : user !== undefined ? 'basic' : 'none');
}
