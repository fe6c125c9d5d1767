import { DefaultFailureConverter } from '@temporalio/common';

/**
 * Converts failures inside workflows. With the payload codec the worker sets the flag before the bundle is evaluated
 * (`temporal/worker.ts`): message and stack trace then go into a payload, which the codec encrypts. The content of a failure is
 * no part of what a replay compares.
 */
export const failureConverter = new DefaultFailureConverter({
  encodeCommonAttributes: Reflect.get(globalThis, '__fermataEncodesFailures') === true,
});
