import { z } from 'zod';

/** Base URL of a provider's API. A trailing slash is removed. */
export const BaseUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
  .refine((url) => !/[?#@]/.test(url), 'must not contain a query, a fragment or a user')
  .transform((url) => url.replace(/\/+$/, ''));
