import { defaultPayloadConverter } from '@temporalio/common';
import type * as converter from './failure-converter';

/**
 * Returns what the history would contain for an error. `flag` is the value of the global that the worker sets,
 * depending on whether it has a codec.
 */
function converted(flag: boolean | undefined): { message: string; isEncoded: boolean } {
  if (flag === undefined) Reflect.deleteProperty(globalThis, '__fermataEncodesFailures');
  else Reflect.set(globalThis, '__fermataEncodesFailures', flag);
  let failure: { message?: string | null; encodedAttributes?: object | null } = {};
  jest.isolateModules(() => {
    const { failureConverter } = jest.requireActual<typeof converter>('./failure-converter');
    failure = failureConverter.errorToFailure(new Error('the host db-7 refused'), defaultPayloadConverter);
  });
  return { message: failure.message ?? '', isEncoded: failure.encodedAttributes != null };
}

describe('failures of workflow code', () => {
  afterEach(() => void Reflect.deleteProperty(globalThis, '__fermataEncodesFailures'));

  it('have their text in a payload if the worker encrypts payloads', () => {
    const { message, isEncoded } = converted(true);
    expect(isEncoded).toBe(true);
    expect(message).not.toContain('db-7');
  });

  it.each([undefined, false])('are readable otherwise (%s)', (flag) => {
    expect(converted(flag)).toEqual({ message: 'the host db-7 refused', isEncoded: false });
  });
});
