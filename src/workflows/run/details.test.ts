import { Details } from './details';

describe('current details', () => {
  it('show the steps as a tree in plain language', () => {
    const details = new Details();
    details.set('actions[0]', 'incident.create · open', 'success');
    details.set('actions[1]', 'choose', 'running', 'branch 0');
    details.set('actions[1].choose[0].sequence[0]', 'wait_until', 'waiting', 'until 10:00');
    expect(details.markdown()).toBe(
      [
        '- done: **incident.create · open**',
        '- running: **choose** (branch 0)',
        '  - waiting: **wait\\_until** (until 10:00)',
      ].join('\n'),
    );
  });

  it('keep concurrent branches apart', () => {
    const details = new Details();
    details.set('actions[0]', 'parallel', 'running');
    for (const branch of [1, 0]) details.set(`actions[0].parallel[${branch}]`, `b${branch}`, 'running');
    expect(details.markdown().split('\n')).toEqual([
      '- running: **parallel**',
      '  - running: **b0**',
      '  - running: **b1**',
    ]);
  });

  it('fold ended iterations into one line', () => {
    const details = new Details();
    details.set('actions[0]', 'repeat', 'running', 'iteration 1 of 20');
    for (let index = 0; index < 19; index += 1) {
      details.set('actions[0]', 'repeat', 'running', `iteration ${index + 1} of 20`);
      for (const step of [0, 1]) {
        const path = `actions[0].repeat[${index}].sequence[${step}]`;
        details.set(path, `s${step}`, 'running');
        if (index < 18) details.set(path, `s${step}`, 'success');
      }
    }
    expect(details.markdown().split('\n')).toEqual([
      '- running: **repeat** (iteration 19 of 20)',
      '  - iterations 1–18 done',
      '  - running: **s0**',
      '  - running: **s1**',
    ]);
    const next = new Details(details.snapshot());
    expect(next.markdown()).toBe(details.markdown());
  });

  it('list ended concurrent iterations, including gaps', () => {
    const details = new Details();
    details.set('actions[0]', 'repeat', 'running');
    const path = (index: number) => `actions[0].repeat[${index}].sequence[0]`;
    for (let index = 0; index < 5; index += 1) details.set(path(index), 's', 'running');
    for (const index of [0, 2, 3]) details.set(path(index), 's', 'success');
    details.set(path(5), 's', 'running');
    expect(details.markdown()).toContain('iterations 1, 3–4 done');
    for (const index of [1, 4, 5]) details.set(path(index), 's', 'success');
    details.set('actions[0]', 'repeat', 'success');
    expect(details.markdown().split('\n')).toEqual(['- done: **repeat**', '  - iterations 1–6 done']);
  });

  it('fold the loops inside an iteration with it', () => {
    const details = new Details();
    details.set('actions[0]', 'repeat', 'running');
    for (const outer of [0, 1]) {
      const inner = `actions[0].repeat[${outer}].sequence[0]`;
      details.set(inner, 'repeat', 'running');
      for (const index of [0, 1]) details.set(`${inner}.repeat[${index}].sequence[0]`, 's', 'success');
      details.set(inner, 'repeat', 'success');
    }
    expect(details.markdown().split('\n')).toEqual([
      '- running: **repeat**',
      '  - iteration 1 done',
      '  - done: **repeat**',
      '    - iterations 1–2 done',
    ]);
  });

  it('have at most 60 lines, the newest last; open steps are kept', () => {
    const details = new Details();
    details.set('actions[0]', 'open', 'waiting');
    for (let index = 1; index <= 100; index += 1) details.set(`actions[${index}]`, `s${index}`, 'success');
    const lines = details.markdown().split('\n');
    expect(lines).toHaveLength(60);
    expect(lines.slice(0, 2)).toEqual(['- 42 earlier steps not shown', '- waiting: **open**']);
    expect(lines.at(-1)).toBe('- done: **s100**');
  });

  it('contain only ASCII characters', () => {
    const details = new Details();
    for (const status of ['pending', 'running', 'waiting', 'success', 'failed', 'skipped', 'cancelled'] as const) {
      details.set(`actions[${status.length}]`, 'x', status, 'why');
    }
    expect(details.markdown()).toMatch(/^[\x20-\x7e\n]*$/);
  });
});
