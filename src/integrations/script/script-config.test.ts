import { PackageList, ScriptEnv } from './script-config';

describe('variables of a script', () => {
  it('are converted to text if they are numbers or booleans', () => {
    expect(ScriptEnv.parse({ COUNT: 3, RATIO: 0.5, DRY: true, NAME: 'x' })).toEqual({
      COUNT: '3',
      RATIO: '0.5',
      DRY: 'true',
      NAME: 'x',
    });
  });

  it.each([
    { LD_PRELOAD: '/tmp/e.so' },
    { BASH_ENV: 'x' },
    { PATH: '/tmp' },
    { 'a b': 'x' },
    { LIST: [1] },
    { N: null },
  ])('are refused: %p', (env) => expect(ScriptEnv.safeParse(env).success).toBe(false));

  it('are at most 200', () => {
    const env = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`V${index}`, 'x']));
    expect(ScriptEnv.safeParse(env(200)).success).toBe(true);
    expect(ScriptEnv.safeParse(env(201)).success).toBe(false);
  });
});

describe('packages of a script', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => `package-${index}`);

  it('are at most 20', () => {
    expect(PackageList.safeParse(many(20)).success).toBe(true);
    expect(PackageList.safeParse(many(21)).success).toBe(false);
  });

  it('are listed once each, even in different versions', () => {
    expect(PackageList.safeParse(['@we/a', '@we/b@1.0.0']).success).toBe(true);
    expect(PackageList.safeParse(['left-pad', 'left-pad@1.3.0']).error?.issues[0]?.message).toContain('twice');
  });
});
