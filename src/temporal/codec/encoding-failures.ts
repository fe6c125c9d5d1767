import { DefaultFailureConverter } from '@temporalio/common';

/** Puts message and stack trace of failures of activities into a payload, which the codec encrypts. Named by its path. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
