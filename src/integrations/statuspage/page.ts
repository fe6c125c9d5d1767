import { ProviderFailure } from '../provider-failure';
import type { StatuspageConnection } from './client';

/**
 * Returns the id of the page to which a step applies.
 * @throws {ProviderFailure} config_invalid when neither the step nor the connection names a page
 */
export function pageOf(config: StatuspageConnection, given: string | undefined): string {
  const page = given ?? config.page;
  if (page !== undefined) return page;
  throw new ProviderFailure('config_invalid', 'Set page: the connection has no default page.', { retryable: false });
}

/** Returns a path below a page. */
export const pathOf = (page: string, path: string): string => `/pages/${encodeURIComponent(page)}${path}`;
