import fc from 'fast-check';

/**
 * Makes property tests use the same cases in every run, so that a test starts to fail only because the code has
 * changed. FERMATA_TEST_SEED sets another seed. With `random`, every run has a new seed.
 */
export function fixSeed(): void {
  const setting = process.env['FERMATA_TEST_SEED'] ?? '20261123';
  fc.configureGlobal(setting === 'random' ? {} : { seed: Number(setting) });
}
