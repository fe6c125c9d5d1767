import { DefaultFailureConverter } from '@temporalio/common';

/**
 * Converts failures inside workflows. When the payload codec is enabled, the worker sets the flag before the bundle is
 * evaluated (`temporal/worker.ts`). The message and stack trace then go into a payload, which the codec encrypts. A
 * replay does not compare the content of failures.
 */
export const failureConverter = new DefaultFailureConverter({
  encodeCommonAttributes: Reflect.get(globalThis, '__fermataEncodesFailures') === true,
});
