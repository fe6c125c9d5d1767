import fc from 'fast-check';

/**
 * Makes property tests use the same cases in every run, so that a test can only start to fail because the code has
 * changed. FERMATA_TEST_SEED sets another seed; `random` uses a new one.
 */
export function fixSeed(): void {
  const setting = process.env['FERMATA_TEST_SEED'] ?? '20261123';
  fc.configureGlobal(setting === 'random' ? {} : { seed: Number(setting) });
}
