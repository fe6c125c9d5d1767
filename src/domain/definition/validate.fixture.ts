import type { Finding } from '../errors';
import { testRegistry } from './registry.fixture';
import { validateDefinition, type ValidationOptions } from './validate';

type Options = Partial<ValidationOptions>;
export const validate = (document: unknown, options: Options = {}) =>
  validateDefinition(document, { registry: testRegistry, ...options });
export const DEGRADED = { event: 'healthcheck.system_degraded' };
export const base = { name: 'x', triggers: [DEGRADED] };
export const found = (findings: readonly Finding[]) => findings.map(({ path, code }) => `${path} ${code}`);
export const errorsOf = (document: unknown, options?: Options) => found(validate(document, options).errors);
export const warningsOf = (document: unknown, options?: Options) => found(validate(document, options).warnings);
export const withActions = (...actions: unknown[]) => ({ ...base, actions });
export const log = (message: string) => ({ action: 'automation.log', config: { message } });
export const open = (id: string) => ({
  id,
  action: 'incident.create',
  config: { title: 'x', severity: 'minor', systemIds: ['web'] },
});
