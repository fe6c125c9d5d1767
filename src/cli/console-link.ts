import { z } from 'zod';
import type { DevInfo } from '../dev/dev-stack';
import { createApiClient } from './client';

const SignInLink = z.object({ path: z.string() });

/**
 * Returns an address of the console that signs in once, within 60 seconds. Returns the plain address if the API creates
 * no sign-in link.
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
