import fc from 'fast-check';

/**
 * The same cases in every run, so that a change is what makes a property fail; FERMATA_TEST_SEED=random, or a number,
 * looks elsewhere.
 */
export function fixSeed(): void {
  const setting = process.env['FERMATA_TEST_SEED'] ?? '20261123';
  fc.configureGlobal(setting === 'random' ? {} : { seed: Number(setting) });
}
