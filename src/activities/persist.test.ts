import { defaultActivityInfo, MockActivityEnvironment } from '@temporalio/testing';
import { persist } from './persist';

const connectionLost = () => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
const contextOf = (isLocal: boolean) => new MockActivityEnvironment({ ...defaultActivityInfo, isLocal }).context;

describe('the result of a call', () => {
  afterEach(() => jest.restoreAllMocks());

  it('is written again until Postgres is available', async () => {
    let tries = 0;
    const write = () => ((tries += 1) < 3 ? Promise.reject(connectionLost()) : Promise.resolve('written'));
    expect(await persist(contextOf(true), write)).toBe('written');
    expect(tries).toBe(3);
  });

  it('is not written again if Postgres refuses it', async () => {
    let tries = 0;
    const refused = Object.assign(new Error('duplicate key'), { code: '23505' });
    const write = () => {
      tries += 1;
      return Promise.reject(refused);
    };
    await expect(persist(contextOf(true), write)).rejects.toBe(refused);
    expect(tries).toBe(1);
  });

  it.each([
    [true, 10],
    [false, 45],
  ])('is abandoned if Postgres is unavailable for too long (local: %s, after %d s)', async (isLocal, seconds) => {
    const since = performance.now();
    let passed = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => since + passed * 1_000);
    let tries = 0;
    const write = () => {
      tries += 1;
      // The second attempt begins within the time limit; a third attempt would not.
      passed = tries === 1 ? seconds - 1 : seconds;
      return Promise.reject(connectionLost());
    };
    await expect(persist(contextOf(isLocal), write)).rejects.toThrow('read ECONNRESET');
    expect(tries).toBe(2);
  });
});
