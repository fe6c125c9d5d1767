import { FermataError } from '../../domain/errors';
import { passVariables } from '../gates/gates';

/**
 * Returns the variables of a run that is started manually or retried. They are rendered as for a run that a trigger
 * starts.
 * @throws {FermataError} `expression_error`, `secret_outside`, `limit_exceeded`
 */
export async function startVariables(...given: Parameters<typeof passVariables>): Promise<Record<string, unknown>> {
  const rendered = await passVariables(...given);
  if ('variables' in rendered) return rendered.variables;
  const { code, problem } = rendered;
  throw new FermataError(code, code === 'limit_exceeded' ? problem : `variables: ${problem}`);
}
