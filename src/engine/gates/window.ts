import type { Executor } from '../../db/executor';
import { countArrival } from '../../db/window-events';
import { ExpressionError } from '../../domain/expressions/error';
import { windowGateId } from '../../domain/gates/gate-id';
import { eventsInWindow, windowFires } from '../../domain/gates/window';
import { shortKey } from '../../domain/run/workflow-id';
import type { Evaluator } from '../../evaluation/evaluator';
import { refused, type EnteredCandidate, type Refusal } from './gates';
import type { RoutedTrigger } from '../routed-automation';

type Window = NonNullable<RoutedTrigger['window']>;

/** An arrival at a window gate, and the key under which it is counted. */
export interface AtWindow {
  entered: EnteredCandidate;
  window: Window;
  partitionKey: string;
}

/**
 * Returns the arrival of a candidate at a window gate. The arrival is counted under the value of `partitionBy`, or
 * under the context key when that value is missing, blank or cannot be evaluated.
 */
export async function atWindow(
  { evaluator, db }: { evaluator: Evaluator; db: Executor },
  entered: EnteredCandidate,
  window: Window,
): Promise<AtWindow> {
  const { scope } = entered;
  const own = window.partitionBy === undefined ? null : await valueOf(evaluator, db, window.partitionBy, entered);
  const text = own === null || own === undefined ? '' : typeof own === 'string' ? own : JSON.stringify(own);
  return { entered, window, partitionKey: shortKey(text.trim() === '' ? (scope.facts.contextKey ?? '') : text) };
}

async function valueOf(
  evaluator: Evaluator,
  db: Executor,
  expression: string,
  { scope }: EnteredCandidate,
): Promise<unknown> {
  try {
    return await evaluator.value(db, expression, scope);
  } catch (error) {
    if (error instanceof ExpressionError) return null;
    throw error;
  }
}

/** Sorts arrivals, so that all transactions lock keys in the same order. */
export function inLockOrder(arrivals: readonly AtWindow[]): AtWindow[] {
  const name = ({ entered: { candidate }, partitionKey }: AtWindow) =>
    `${candidate.automation.id}/${candidate.trigger.id}/${partitionKey}`;
  return arrivals.toSorted((a, b) => (name(a) < name(b) ? -1 : 1));
}

/**
 * Counts an arrival in the routing transaction. Returns the candidate with the number of events when the window fires,
 * otherwise the refusal.
 */
export async function passWindow(
  tx: Executor,
  { entered, window, partitionKey }: AtWindow,
): Promise<Refusal | EnteredCandidate> {
  const { automation, trigger } = entered.candidate;
  const { changeId, occurredAt } = entered.change;
  const others = await countArrival(tx, {
    automationId: automation.id,
    triggerId: trigger.id,
    gate: windowGateId(trigger),
    ...{ partitionKey, changeId, occurredAt, count: window.count, minutes: window.minutes },
  });
  if (others === null) return refused('window', 'This change was counted before.');
  const at = occurredAt.getTime();
  const count = eventsInWindow(window, [at, ...others]);
  const counted = { count, needed: window.count };
  // `others` has only the newest events, so a larger count would not be exact.
  if (windowFires(window, at, others)) return { ...entered, counted: { ...counted, count: window.count } };
  const within = `within ${window.minutes} minutes`;
  if (count < window.count)
    return refused('window', `${count} of ${window.count} events ${within} so far.`, { counted });
  const again = `it fires again once the count has dropped below ${window.count}`;
  return refused('window', `The window has already fired for ${window.count} events ${within}; ${again}.`, { counted });
}
