import type { Executor } from '../db/executor';
import type { EvaluationLog, EvaluationRecord } from './evaluation-log';
import type { Fleet } from './fleet';
import { createHandover } from './handover';
import type { RoutingIndex } from './routing-index';
import type { UnroutedChange } from './change-reader';

const EVENT = 'plugin.event';

/** Returns the verdicts of a worker that lacks the type of a trigger. */
function lacking() {
  let seconds = 0;
  let isLive = false;
  const recorded: EvaluationRecord[] = [];
  const fleet = {
    ...{ names: [], differs: () => isLive, concerned: () => ({ lacking: [], own: [] }) },
    ...{ isProvidedByOther: () => isLive, wasProvidedByOther: () => isLive, foreignEvents: () => [] },
  } as unknown as Fleet;
  const unknown = { automationId: 'a', triggerId: 't', event: EVENT, filters: [] };
  const handover = createHandover({
    ...{ db: {} as Executor, fleet, now: () => seconds * 1_000 },
    index: { unknownTriggers: () => [unknown] } as unknown as RoutingIndex,
    evaluations: { record: (each: EvaluationRecord) => void recorded.push(each) } as unknown as EvaluationLog,
  });
  return {
    recorded,
    pass: (by: number) => void (seconds += by),
    setLive: (live: boolean) => void (isLive = live),
    verdict: (lagSeconds: number) => {
      const change = { changeId: 'c', kind: 'event', id: 'e', shape: 'event' };
      const unrouted = { change, lagSeconds } as unknown as UnroutedChange;
      const concerns = { events: [EVENT], dwellEvents: [], awaited: [], incomplete: [] };
      return handover.verdict(unrouted, concerns).type;
    },
  };
}

describe('a change whose trigger no live worker has', () => {
  it('waits for a minute after it was recorded, and is then routed with a reason', () => {
    const { verdict, pass, recorded } = lacking();
    expect(verdict(1)).toBe('hold');
    pass(58);
    expect(verdict(59)).toBe('hold');
    pass(2);
    expect([verdict(61), verdict(30), recorded.length]).toEqual(['route', 'hold', 1]);
  });

  it('waits for a minute after this worker has started, even if it is hours old', () => {
    const { verdict, pass } = lacking();
    expect(verdict(7_200)).toBe('hold');
    pass(59);
    expect(verdict(7_259)).toBe('hold');
    pass(2);
    expect(verdict(7_261)).toBe('route');
  });

  it('waits again after a worker that has the trigger was live', () => {
    const { verdict, pass, setLive } = lacking();
    verdict(7_200);
    pass(120);
    expect(verdict(7_320)).toBe('route');
    setLive(true);
    expect(verdict(7_320)).toBe('hand-over');
    setLive(false);
    expect(verdict(7_320)).toBe('hold');
  });
});
