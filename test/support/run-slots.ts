import { createRunSlots } from '../../src/engine/start/run-slots';

/** Creates slots with a clock that `pass` advances. `freed` returns how many times slots have become free. */
export function slotsOf(slots: number) {
  let time = 0;
  let freed = 0;
  const run = createRunSlots({ slots, activities: 3, now: () => time, onFree: () => (freed += 1) });
  return { run, pass: (ms: number) => (time += ms), freed: () => freed };
}
