import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../src/project-root';
import { startFermata } from '../support/process';
import { until } from '../support/until';

interface Results {
  passed: boolean;
  files: {
    file: string;
    passed: boolean;
    errors: { path: string; code: string; line?: number }[];
    tests: {
      name: string;
      passed: boolean;
      failures: { path: string; at: string; line?: number; message?: string; expected?: unknown; found?: unknown }[];
    }[];
  }[];
}

describe('fermata test', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'test-command-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const write = (name: string, text: string): string => {
    const file = join(directory, name);
    writeFileSync(file, text);
    return file;
  };
  const run = async (...args: string[]): Promise<{ code: number | null; output: string }> => {
    const fermata = startFermata(['test', ...args], {});
    await until('the command has ended', () => fermata.exited(), 170_000);
    await fermata.stop();
    return { code: fermata.child.exitCode, output: fermata.output() };
  };
  const results = async (...args: string[]): Promise<Results & { code: number | null }> => {
    const { code, output } = await run('--json', ...args);
    try {
      return { code, ...(JSON.parse(output) as Results) };
    } catch {
      throw new Error(output);
    }
  };
  const failuresOf = ({ files }: Results) =>
    files.flatMap(({ tests }) => tests.flatMap(({ failures, name }) => failures.map((one) => ({ name, ...one }))));

  it('passes the examples, and tests that span hours and days', async () => {
    const answer = await results(join(projectRoot(), 'examples', 'tests'), write('semantics.yaml', SEMANTICS));
    expect(failuresOf(answer)).toEqual([]);
    expect(answer.code).toBe(0);
    expect(answer.passed).toBe(true);
    expect(answer.files.map(({ tests }) => tests.length)).toEqual([2, 2, 3, 6]);
  }, 540_000);

  it('passes the examples with alerts', async () => {
    const answer = await results(join(projectRoot(), 'examples', 'alert-tests'));
    expect(failuresOf(answer)).toEqual([]);
    expect(answer).toMatchObject({ code: 0, passed: true });
  }, 540_000);

  it('reports the position in the file and the time of each unmet expectation', async () => {
    const file = write('wrong.yaml', WRONG);
    const answer = await results(file);
    expect(answer.code).toBe(1);
    expect(failuresOf(answer)).toMatchObject([
      { line: 7, at: '1m', path: 'tests[0].events[0]', message: expect.stringContaining('status') },
      { line: 8, at: '2m', path: 'tests[0].events[1]', message: expect.stringContaining('Automation "b" not found') },
      { line: 12, at: '10m', path: 'tests[0].expect[0].runs[0].status', expected: 'failed', found: 'success' },
      { line: 13, path: 'tests[0].expect[0].runs[0].steps[0].config.message', expected: 'by', found: 'hi' },
      { line: 14, path: 'tests[0].expect[0].runs[0].steps[1]', found: 'say success' },
      { line: 15, path: 'tests[0].expect[0].calls', expected: '1 call', found: 'no calls' },
      { line: 16, path: 'tests[0].expect[0].evaluations[0]', expected: 'a matching evaluation' },
    ]);
    const { code, output } = await run(file, '--grep', 'is wrong');
    expect(code).toBe(1);
    expect(output).toContain('FAILED what is wrong');
    expect(output).toContain(`${file}:12:26 after 10m, tests[0].expect[0].runs[0].status`);
    expect(output).toContain('- expected "failed"');
    expect(output).toContain('0 passed, 1 failed');
  }, 360_000);

  it('reports the path and line of each error in a file, and exits with code 2 without an existing file', async () => {
    const file = write('invalid.yaml', 'automations: [a.yaml]\ntests:\n  - nam: x\n    expect: [{ at: soon }]\n');
    const answer = await results(file);
    expect(answer.code).toBe(1);
    expect(answer.files[0]?.errors).toMatchObject([
      { path: 'tests[0].name', code: 'required', line: 3 },
      { path: 'tests[0].nam', code: 'unknown_key', line: 3 },
      { path: 'tests[0].expect[0].at', code: 'invalid_value', line: 4 },
    ]);
    const { code, output } = await run(file);
    expect(code).toBe(1);
    expect(output).toContain('Did you mean "name"?');
    expect((await run(join(directory, 'absent.yaml'))).code).toBe(2);
    expect((await run()).code).toBe(2);
  }, 180_000);
});

const WRONG = `automations:
  - { name: a, triggers: [{ event: automation.event, config: { type: x } }], actions: [{ id: say, action: automation.log, config: { message: hi } }] }
tests:
  - name: what is wrong
    start: 2026-03-01T00:00:00Z
    events:
      - { at: 1m, health: { systemId: web, status: ill } }
      - { at: 2m, trigger: { automation: b } }
      - { at: 3m, event: { type: x } }
    expect:
      - at: 10m
        runs: [{ status: failed, steps: [
            { id: say, config: { message: by } },
            { id: other }] }]
        calls: [{}]
        evaluations: [{ outcome: filter }]
`;

const SEMANTICS = `automations:
  - name: one at a time
    triggers: [{ event: automation.event, config: { type: work } }]
    mode: queued
    concurrency_scope: context_key
    actions:
      - delay: { hours: 1 }
      - { id: call, action: integration-webhook.send, config: { url: "http://receiver.test/", authType: bearer, bearerToken: "\${{ secrets.CHAT }}" } }
    on_failure: [{ id: sorry, action: automation.log, config: { message: "{{ run.error.code }}" } }]
  - name: newest only
    triggers: [{ event: automation.event, config: { type: work } }]
    mode: restart
    actions: [{ delay: { minutes: 90 } }]
  - name: often
    triggers: [{ event: automation.event, config: { type: ping }, window: { count: 3, minutes: 60, refire: once } }]
  - name: in the morning
    triggers: [{ event: automation.cron, config: { cronPattern: "0 9 * * mon-fri", timezone: Europe/Berlin } }]
    actions:
      - parallel:
          - { delay: { minutes: 5 } }
          - repeat: { for_each: "[1, 2, 3]", sequence: [{ delay: { minutes: 1 } }, { id: say, action: automation.log, config: { message: "{{ repeat.item }} at {{ now }}" } }] }
      - wait_for_trigger: { event: automation.event, config: { type: ack }, context_key: "*", timeout_seconds: 7200 }
  - name: entity
    triggers: [{ event: automation.entity_changed, config: { kind: door, field: open, to: true }, for: { minutes: 10 } }]
    actions: [{ wait_until: { condition: "!state.door.front.open", timeout_seconds: 86400 } }]
tests:
  - name: queued and restarted runs
    secrets: { CHAT: abc-secret-def }
    mocks:
      call: [{ output: { status: 200 } }, { fail: Gone, retryable: false }]
    events:
      - { at: 0, event: { type: work, subject: a } }
      - { at: 30m, event: { type: work, subject: a } }
    expect:
      - at: 30m
        runs:
          - { automation: one at a time, status: waiting }
          - { automation: newest only, status: cancelled }
          - { automation: one at a time, status: pending }
          - { automation: newest only, status: waiting }
      - at: 3h
        runs:
          - { status: success, contextKey: a, steps: [{ id: call, config: { bearerToken: abc-secret-def }, result: { status: 200 } }] }
          - { status: cancelled }
          - { status: failed, startedAt: 1h, error: { code: provider_failed, message: Gone }, steps: [{ id: sorry, config: { message: provider_failed } }] }
          - { status: success, finishedAt: 2h }
  - name: retries wait for the configured time
    mocks: { call: { fail: Unreachable } }
    secrets: { CHAT: abc-secret-def }
    events: [{ at: 0, event: { type: work } }]
    expect:
      - { at: 1h2s, runs: [{ status: running }, {}], calls: [{}, {}] }
      - { at: 1h3s, runs: [{ status: failed, steps: [{ id: call, attempts: 3 }] }, {}], calls: [{}, {}, {}] }
  - name: a window fires at the third event within an hour, once
    events:
      - { at: 0, event: { type: ping } }
      - { at: 31m, event: { type: ping } }
      - { at: 61m, event: { type: ping } }
      - { at: 62m, event: { type: ping } }
      - { at: 63m, event: { type: ping } }
    expect:
      - { at: 61m, runs: [], evaluations: [{ automation: often, outcome: window }] }
      - { at: 2h, runs: [{ automation: often, startedAt: 1h2m }] }
  - name: a cron pattern with a time zone, a loop parallel to a delay, and a wait
    start: 2026-03-27T00:00:00Z
    events: [{ at: 3d7h30m, event: { type: ack } }]
    expect:
      - { at: 8h2m, runs: [{ automation: in the morning, status: waiting, steps: [{ id: say, config: { message: "2 at 2026-03-27T08:02:*" } }] }] }
      - { at: 11h, runs: [{ status: failed, error: { code: wait_timeout } }] }
      - { at: 3d8h, runs: [{}, { automation: in the morning, status: success, startedAt: 3d7h }] }
  - name: state of a custom kind
    given: [{ entity: { kind: door, id: front, state: { open: false } } }]
    events:
      - { at: 1m, entity: { kind: door, id: front, merge: { open: true } } }
      - { at: 2h, entity: { kind: door, id: front, merge: { open: false } } }
    expect:
      - { at: 10m, runs: [], evaluations: [{ automation: entity, outcome: dwell_armed }] }
      - { at: 11m, runs: [{ automation: entity, status: waiting }] }
      - { at: 2h, runs: [{ status: success, finishedAt: 2h }], entities: [{ kind: door, id: front, state: { open: false } }] }
  - name: a run that is started manually and ended early
    events:
      - { at: 0, trigger: { automation: newest only } }
      - { at: 1m, request: { path: /runs/cancel, body: { status: waiting } } }
    expect:
      - { at: 2m, runs: [{ automation: newest only, status: cancelled, endedBy: { kind: cancel } }] }
`;
