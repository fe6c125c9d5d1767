import { FermataError } from '../../../domain/errors';
import type { Cause } from '../../../domain/entities/change';

/**
 * Returns the fingerprint of the alert that a step acts on: the alert that its config names, otherwise the alert in the
 * run's trigger.
 * @throws {FermataError} `config_invalid` when neither names an alert
 */
export function alertOf(trigger: unknown, named: string | undefined): string {
  if (named !== undefined) return named;
  const { payload } = Object(trigger) as { payload?: unknown };
  const { fingerprint } = Object(payload) as { fingerprint?: unknown };
  if (typeof fingerprint === 'string' && fingerprint !== '') return fingerprint;
  throw new FermataError('config_invalid', 'The run was not started by an alert: set fingerprint in the config.');
}

/**
 * Returns the author of a change that an automation makes, in the form `automation:<name>`, or `automation:<run id>` if
 * the actor has no name.
 */
export const automationOf = ({ actor }: Cause): string => `automation:${actor.name ?? actor.id}`;
