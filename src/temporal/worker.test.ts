import { assertSdkFloor } from './worker';

describe("the version of Temporal's SDK", () => {
  it('is refused below 1.24, which does not keep the order of local activities in replays', () => {
    expect(() => assertSdkFloor('1.23.9')).toThrow(/1\.23\.9 is installed; runs need 1\.24 or newer/);
    expect(() => assertSdkFloor('0.30.0')).toThrow();
    expect(() => assertSdkFloor('1.24.0')).not.toThrow();
    expect(() => assertSdkFloor('2.0.1')).not.toThrow();
  });

  it('is accepted as installed', () => {
    expect(() => assertSdkFloor()).not.toThrow();
  });
});
