import { z } from 'zod';

/** Base address of a provider's API, without a slash at the end. */
export const BaseUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
  .refine((url) => !/[?#@]/.test(url), 'must not carry a query, a fragment or a user')
  .transform((url) => url.replace(/\/+$/, ''));
