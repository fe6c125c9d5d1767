import fc from 'fast-check';
import { ActionStep } from '../../../src/domain/definition/action';

/** The steps of a definition. */
export interface Steps {
  actions: ActionStep[];
  on_failure: ActionStep[];
}

const enabled = fc.constantFrom<boolean | string>(true, true, true, true, 'variables.x == 1', false);
const swallowed = fc.constantFrom(false, false, true);

/** Steps that end the run. */
const STOPS = [{ stop: { reason: 'enough', error: true } }, { stop: { reason: 'enough' } }];

/** Generates steps of all kinds, nested at most 8 levels deep. */
const stepsWith = (stops: readonly object[]) =>
  fc.letrec<{ step: object; list: object[] }>((tie) => {
    const with_ = (shape: object) =>
      fc.record({ enabled, continue_on_error: swallowed }).map((base) => ({ ...base, ...shape }));
    const leaf = fc
      .constantFrom<object>(
        { action: 'test.own' },
        { action: 'test.short' },
        { action: 'test.long' },
        { variables: { x: 1 } },
        { condition: '1 == 1' },
        { delay: { seconds: 1 } },
        { wait_until: { condition: '1 == 1' } },
        { wait_for_trigger: { event: 'automation.event' } },
        ...stops,
      )
      .chain(with_);
    const inner = tie('list');
    const nested = fc.oneof(
      fc.array(tie('step'), { minLength: 1, maxLength: 3 }).map((parallel) => ({ parallel })),
      inner.map((sequence) => ({ sequence })),
      fc
        .tuple(inner, inner)
        .map(([sequence, otherwise]) => ({ choose: [{ when: '1 == 1', sequence }], else: otherwise })),
      fc
        .tuple(
          inner,
          fc.constantFrom<object>(
            ...[{ count: 2 }, { for_each: "['a', 'b']" }, { while: '1 == 1' }, { until: '1 == 1' }],
            ...[1, 2, 3].map((parallel) => ({ for_each: "['a', 'b', 'c', 'd']", parallel, max_iterations: 10 })),
          ),
        )
        .map(([sequence, form]) => ({ repeat: { sequence, max_iterations: 3, ...form } })),
    );
    return {
      step: fc.oneof({ maxDepth: 8, depthSize: 'small' }, leaf, nested.chain(with_)),
      list: fc.array(tie('step'), { minLength: 1, maxLength: 3 }),
    };
  });

/**
 * Generates documents. With `stops`, documents may contain steps that end the run at a point that depends on timing.
 */
export const documentsWith = ({ stops }: { stops: boolean }): fc.Arbitrary<Steps> => {
  const { list } = stepsWith(stops ? STOPS : []);
  return fc.record({ actions: list, on_failure: fc.oneof(fc.constant<object[]>([]), list) }).map(parsed);
};

export function parsed({ actions, on_failure: onFailure }: { actions: object[]; on_failure: object[] }): Steps {
  const list = (written: object[]) => written.map((step) => ActionStep.parse(step));
  return { actions: list(actions), on_failure: list(onFailure) };
}
