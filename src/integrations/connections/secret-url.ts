import { z } from 'zod';
import { onlyReference } from '../../domain/secrets/references';

/**
 * An http(s) URL that is itself a credential and is therefore encrypted, or a reference to a secret that contains it.
 */
export const SecretUrl = z
  .string()
  .max(10_000)
  .refine((text) => onlyReference(text) !== null || isHttpUrl(text), 'must be an http(s) URL')
  .meta({ 'x-secret': true });

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '';
}
