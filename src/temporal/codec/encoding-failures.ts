import { DefaultFailureConverter } from '@temporalio/common';

/**
 * Puts the message and stack trace of activity failures into a payload, which the codec encrypts. Temporal loads this
 * module by its path.
 */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
