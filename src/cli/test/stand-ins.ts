import { sql } from 'drizzle-orm';
import type { Executor } from '../../db/executor';
import type { Action, ActionResult, CallingAction, Plugin, TransactionalAction } from '../../integrations/contract';
import { ProviderFailure } from '../../integrations/provider-failure';
import type { Answer } from './test-file';

/** An action that was performed. */
export interface PerformedAction {
  runId: string;
  path: string;
  actionId: string | null;
  action: string;
  config: unknown;
  /** Whether the action would have called another system. */
  isCall: boolean;
}

/** Replaces actions with stand-ins, which record their calls and answer in place of other systems. */
export interface StandIns {
  performed: readonly PerformedAction[];
  plugins(plugins: readonly Plugin[]): readonly Plugin[];
}

export type Mocks = Readonly<Record<string, Answer | readonly Answer[]>>;

/**
 * Creates stand-ins.
 * @param db returns the database, in which the id of a step is looked up by its path
 */
export function createStandIns(mocks: Mocks, db: () => Executor): StandIns {
  const performed: PerformedAction[] = [];
  const answered = new Map<string, number>();

  const note = async (
    plugin: Plugin,
    action: Action,
    { run, idempotencyKey, config }: { run: { id: string }; idempotencyKey: string; config: unknown },
  ): Promise<PerformedAction> => {
    const path = idempotencyKey.slice(idempotencyKey.indexOf(':') + 1);
    const found = await db().execute<{ action_id: string | null }>(
      sql`select action_id from run_steps where run_id = ${run.id} and path = ${path}`,
    );
    const one = {
      ...{ runId: run.id, path, actionId: found.rows[0]?.action_id ?? null, action: `${plugin.id}.${action.id}` },
      ...{ config: structuredClone(config), isCall: leavesProcess(action, config) },
    };
    performed.push(one);
    return one;
  };

  /** Returns the next answer for a step. The last answer is repeated. */
  const answerTo = ({ path, actionId, action }: PerformedAction): Answer | undefined => {
    const key = [path, actionId, action].find((name) => name !== null && Object.hasOwn(mocks, name));
    if (key === undefined || key === null) return undefined;
    const answers = [mocks[key] ?? []].flat() as Answer[];
    const index = answered.get(key) ?? 0;
    answered.set(key, index + 1);
    return answers[Math.min(index, answers.length - 1)];
  };

  const call = (plugin: Plugin, action: CallingAction): CallingAction => {
    // No connection is opened.
    const { connection: _connection, connectionField: _field, produces, ...rest } = action;
    return {
      ...rest,
      // Mocks may omit fields that the test does not check.
      ...(produces && { produces: { ...produces, schema: produces.schema.partial() } }),
      async execute(context) {
        if (!leavesProcess(action, context.config)) {
          await note(plugin, action, context);
          return action.execute(context);
        }
        return resultOf(answerTo(await note(plugin, action, context)), produces !== undefined);
      },
    };
  };

  const wrap = (plugin: Plugin, action: Action): Action => {
    if (action.execution === 'call') return call(plugin, action);
    const own: TransactionalAction = {
      ...action,
      async execute(context) {
        await note(plugin, action, context);
        return action.execute(context);
      },
    };
    return own;
  };

  return {
    performed,
    plugins: (plugins) =>
      plugins.map((plugin) => ({ ...plugin, actions: plugin.actions?.map((action) => wrap(plugin, action)) ?? [] })),
  };
}

const leavesProcess = (action: Action, config: unknown): boolean =>
  action.execution === 'call' && (action.leavesProcess?.(config as never) ?? true);

function resultOf(answer: Answer | undefined, leavesArtifact: boolean): ActionResult {
  if (answer?.fail !== undefined) {
    throw new ProviderFailure('provider_failed', answer.fail, { retryable: answer.retryable ?? true });
  }
  const output = answer?.output;
  if (output === undefined) return {};
  const isData = typeof output === 'object' && output !== null && !Array.isArray(output);
  return { output, ...(leavesArtifact && isData ? { artifact: output as Record<string, unknown> } : {}) };
}
