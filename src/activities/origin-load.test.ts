import { createOriginLoad, originOf } from './origin-load';

describe('the load of an origin', () => {
  const make = (slots = 8) => {
    let at = 0;
    const load = createOriginLoad({ slots, now: () => at });
    return { load, pass: (ms: number) => (at += ms) };
  };
  const quick = { timedOut: false };

  it('admits local attempts up to a quarter of the slots, for each origin', () => {
    const { load } = make(8);
    const [first] = [load.begin('a', 'local'), load.begin('a', 'local')];
    expect([load.admitsLocal('a'), load.admitsLocal('b')]).toEqual([false, true]);
    first?.(quick);
    expect(load.admitsLocal('a')).toBe(true);
  });

  it('admits normal attempts up to a quarter of their slots, and does not count local or separate attempts', () => {
    const { load } = make(8);
    load.begin('a', 'local');
    for (let n = 0; n < 5; n += 1) load.begin('a', 'calls');
    const end = load.begin('a', 'normal');
    expect([load.admitsLocal('a'), load.admitsNormal('a')]).toEqual([true, true]);
    load.begin('a', 'normal');
    expect([load.admitsNormal('a'), load.admitsNormal('b')]).toEqual([false, true]);
    end(quick);
    expect(load.admitsNormal('a')).toBe(true);
  });

  it('is slow while a local attempt takes long, even before it has ended', () => {
    const { load, pass } = make(100);
    load.begin('a', 'local');
    expect(load.isSlow('a')).toBe(false);
    pass(1_001);
    expect([load.isSlow('a'), load.admitsLocal('a'), load.isSlow('b')]).toEqual([true, false, false]);
  });

  it('is slow after an attempt that timed out, until three consecutive attempts were fast', () => {
    const { load, pass } = make();
    load.begin('a', 'local')({ timedOut: true });
    for (let n = 0; n < 2; n += 1) load.begin('a', 'normal')(quick);
    expect(load.admitsLocal('a')).toBe(false);
    const slow = load.begin('a', 'normal');
    pass(2_000);
    slow(quick);
    for (let n = 0; n < 2; n += 1) load.begin('a', 'normal')(quick);
    expect(load.admitsLocal('a')).toBe(false);
    load.begin('a', 'normal')(quick);
    expect(load.admitsLocal('a')).toBe(true);
  });

  it('is no longer slow after a minute without calls', () => {
    const { load, pass } = make();
    load.begin('a', 'local')({ timedOut: true });
    pass(59_000);
    expect(load.admitsLocal('a')).toBe(false);
    pass(1_000);
    expect(load.admitsLocal('a')).toBe(true);
  });
});

describe('the origin of a call', () => {
  it("is that of its URL, otherwise that of its connection's address", () => {
    expect(originOf('x.y', { url: 'https://a.example/path?q' }, null)).toBe('https://a.example');
    const jira = { id: 'c1', config: { baseUrl: 'https://jira.example:8443/rest', user: 'u' } };
    expect(originOf('x.y', { issueKey: 'A-1' }, jira)).toBe('https://jira.example:8443');
    expect(originOf('x.y', {}, { id: 'c2', config: { host: 'mail.example', port: 25 } })).toBe('mail.example');
  });

  it('without an address is the connection, otherwise the action', () => {
    expect(originOf('x.y', {}, { id: 'c1', config: { token: 't' } })).toBe('connection c1');
    expect(originOf('x.y', null, null)).toBe('action x.y');
  });
});
