import {
  candidateSentence,
  changeLine,
  decidingText,
  effectText,
  eventNames,
  heldText,
  refText,
  routingProblem,
} from './why-text';

const candidate = (outcome: string, more: object = {}) => ({
  ...{ automationId: 'a', automationName: 'Page', triggerId: 't', version: 1, outcome, detail: null },
  ...more,
});
const deciding = { path: 'conditions[1]', expression: 'health.system.in_maintenance', found: true, wanted: false };

test.each([
  [
    candidate('condition', { deciding, note: 'maintenance "db upgrade", until 14:00' }),
    '"Page" did not run: condition 2 was false: health.system.in_maintenance is true (maintenance "db upgrade", until 14:00)',
  ],
  [candidate('window', { detail: '1 of 3 events so far.' }), '"Page" did not run: 1 of 3 events so far.'],
  [candidate('trigger_disabled'), '"Page" did not run: its trigger "t" was disabled'],
  [candidate('silenced', { detail: 'Silenced until x' }), '"Page" did not run: silenced until x'],
  [candidate('dwell_armed', { detail: 'Fires at 12:00' }), '"Page" has not run yet: fires at 12:00'],
  [candidate('started', { runId: 'r' }), '"Page" started run r, which is no longer kept'],
])('writes a candidate as a sentence (%#)', (each, sentence) => {
  expect(candidateSentence(each)).toBe(sentence);
});

test.each([
  [{ expression: 'a.b == "x"', found: 'y', wanted: 'x' }, 'a.b is "y", wanted "x"'],
  [{ expression: 'a > 5', found: 3, wanted: { '>': 5 } }, 'a is 3, wanted > 5'],
  [{ expression: 'a', found: null, wanted: true }, 'a is null, wanted true'],
  [{ expression: 'x == 1', found: 1, wanted: { not: 1 } }, 'x is 1, wanted anything but 1'],
  [{ expression: 'a.load', found: 1, wanted: { above: 8 } }, 'a.load is 1, wanted above 8'],
  [{ expression: 'a.load', found: 1, wanted: { above: 8, below: 9 } }, 'a.load is 1, wanted above 8 and below 9'],
  [
    { expression: 'status of health:check-in-1', found: 'healthy', wanted: 'degraded' },
    'status of health:check-in-1 is "healthy", wanted "degraded"',
  ],
  [{ expression: 'a in ["x"]', found: 'y', wanted: { in: ['x'] } }, 'a is "y", wanted {"in":["x"]}'],
])('writes the found and wanted values of a false part (%#)', (part, text) => {
  expect(decidingText({ path: 'p', ...part })).toBe(text);
});

test.each([
  [{ expression: 'labels.env', found: 'prod', wanted: 'prod' }, 'labels.env is "prod"'],
  [{ expression: 'a > 5', found: 7, wanted: { '>': 5 } }, 'a is 7, wanted > 5'],
  [{ expression: 'wait.completed', found: false, wanted: false }, 'wait.completed is false'],
])('writes the values of a part that was true (%#)', (part, text) => {
  expect(heldText({ path: 'p', ...part })).toBe(text);
});

test('a change is referred to by its event and the name of its entity', () => {
  const alert = {
    changeId: 'c',
    kind: 'alert',
    id: 'f00d',
    name: 'DiskFull {instance="db-1"}',
    events: ['alert.fired'],
  };
  expect(refText(alert)).toBe('alert.fired of alert DiskFull {instance="db-1"}');
  expect(refText({ ...alert, name: null, events: [] })).toBe('alert changed of alert f00d');
});

test('all runs that an effect started are started by it', () => {
  const effect = { changeId: 'c', kind: 'health', id: 'db-1', name: null, events: ['healthcheck.system_degraded'] };
  const runs = ['Page', 'Open an incident'].map((automationName, index) => ({ id: `r${index}`, automationName }));
  const caused = 'It caused healthcheck.system_degraded of health db-1 (change c)';
  expect(effectText({ ...effect, runs })).toBe(
    `${caused}, which started run r0 of "Page" and run r1 of "Open an incident"`,
  );
  expect(effectText({ ...effect, runs: [] })).toBe(caused);
});

test('a custom event is called by its type', () => {
  const change = {
    ...{ changeId: 'c', kind: 'event', id: 'shop', event: 'automation.event', customType: 'deploy.finished' },
    ...{ events: ['automation.event'], changedFields: [], occurredAt: '2026-11-28T08:00:00Z' },
    ...{ routedAt: null, failedAt: null, failure: null },
  };
  const detail = {
    ...{ change, sender: { type: 'hook', name: 'ci' }, candidates: [], runs: [], waits: [] },
    causes: { up: [], down: [] },
  };
  expect(changeLine(detail)).toBe('deploy.finished event shop 2026-11-28 08:00:00 UTC, from hook "ci"');
  expect(eventNames(change)).toEqual(['deploy.finished']);
  expect(eventNames({ customType: null, events: ['alert.fired'] })).toEqual(['alert.fired']);
});

test('control characters from senders do not reach the terminal', () => {
  const change = {
    ...{ changeId: 'c', kind: 'alert', id: 'f\u001b[2J', event: null, events: [], changedFields: ['status'] },
    ...{ occurredAt: '2026-11-28T08:00:00Z', routedAt: null, failedAt: null, failure: 'bad\u0007' },
  };
  const detail = {
    ...{ change, sender: { type: 'token', name: 'n' }, candidates: [], runs: [], waits: [] },
    causes: { up: [], down: [] },
  };
  expect(changeLine(detail)).toBe('status changed alert f[2J 2026-11-28 08:00:00 UTC, from token "n"');
  expect(routingProblem(change)).toBe('It has not been routed yet. The last try failed: bad');
});
