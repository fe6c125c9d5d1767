import { TestEnvironment } from 'jest-environment-node';

/** Where a test file keeps what is to be done when one of its tests fails. */
const ON_FAILURE = Symbol.for('fermata.test.onFailure');

/** Node, where a test file can act on a test that fails, before anything is cleaned up. */
export default class ConsoleEnvironment extends TestEnvironment {
  async handleTestEvent({ name }: { name: string }): Promise<void> {
    if (name !== 'test_fn_failure') return;
    const act = (this.global as unknown as Record<symbol, unknown>)[ON_FAILURE];
    if (typeof act === 'function') await (act as () => Promise<void>)();
  }
}
