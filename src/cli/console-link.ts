import { z } from 'zod';
import type { DevInfo } from '../dev/dev-stack';
import { createApiClient } from './client';

const SignInLink = z.object({ path: z.string() });

/**
 * Returns the address of the console with a sign-in that works once, within 60 seconds; without a sign-in when the API
 * offers none.
 */
export async function consoleLink({ apiUrl, adminToken }: Pick<DevInfo, 'apiUrl' | 'adminToken'>): Promise<string> {
  try {
    const client = createApiClient({ url: apiUrl, token: adminToken });
    const { path } = await client.send('POST', '/session/links', SignInLink);
    return `${apiUrl}${path}`;
  } catch {
    return `${apiUrl}/console`;
  }
}
