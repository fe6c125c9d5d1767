import { TestEnvironment } from 'jest-environment-node';

/** Global symbol under which a test file stores a function to call when one of its tests fails. */
const ON_FAILURE = Symbol.for('fermata.test.onFailure');

/** A Node environment in which a test file can react to a failed test before anything is cleaned up. */
export default class ConsoleEnvironment extends TestEnvironment {
  async handleTestEvent({ name }: { name: string }): Promise<void> {
    if (name !== 'test_fn_failure') return;
    const act = (this.global as unknown as Record<symbol, unknown>)[ON_FAILURE];
    if (typeof act === 'function') await (act as () => Promise<void>)();
  }
}
