import { DefaultFailureConverter } from '@temporalio/common';

/**
 * Converts failures inside workflows. With the payload codec the worker sets the flag before the bundle is evaluated
 * (`temporal/worker.ts`): message and stack trace then go into a payload, which the codec encrypts. A replay does not
 * compare the content of failures.
 */
export const failureConverter = new DefaultFailureConverter({
  encodeCommonAttributes: Reflect.get(globalThis, '__fermataEncodesFailures') === true,
});
