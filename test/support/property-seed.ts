import fc from 'fast-check';

/**
 * Makes property tests use the same cases in every run, so that a test starts to fail only when the code changes.
 * FERMATA_TEST_SEED sets a different seed. With `random`, every run has a new seed.
 */
export function fixSeed(): void {
  const setting = process.env['FERMATA_TEST_SEED'] ?? '20261123';
  fc.configureGlobal(setting === 'random' ? {} : { seed: Number(setting) });
}
