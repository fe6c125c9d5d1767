import { z } from 'zod';
import { isSecretPath } from './found-value';
import { issueMessage } from './issue-message';

/**
 * Replaces zod's messages in this process, including those of schemas in plugins. Messages that a schema declares are
 * kept. Every entry point imports this module before it parses anything.
 */
z.config({
  localeError: (raw) => {
    const path = raw.path ?? [];
    const flags = raw.schema && z.globalRegistry.get(raw.schema as z.ZodType);
    return issueMessage({ ...raw, path } as z.core.$ZodIssue, {
      value: raw.input,
      isSecret: isSecretPath(path) || flags?.['x-secret'] === true,
      schema: raw.schema,
    });
  },
});
