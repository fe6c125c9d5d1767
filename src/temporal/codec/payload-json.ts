import type { Payload } from '@temporalio/common';

/** A payload in protobuf's JSON form, in which bytes are base64. https://protobuf.dev/programming-guides/json/ */
export interface PayloadJson {
  metadata?: Record<string, string> | null | undefined;
  data?: string | null | undefined;
}

/** Converts protobuf's JSON form to a payload. */
export function payloadFromJson({ metadata, data }: PayloadJson): Payload {
  return {
    metadata: Object.fromEntries(
      Object.entries(metadata ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')]),
    ),
    data: Buffer.from(data ?? '', 'base64'),
  };
}

/** Converts a payload to protobuf's JSON form. */
export function payloadToJson({ metadata, data }: Payload): { metadata: Record<string, string>; data: string } {
  const base64 = (value: Uint8Array | null | undefined) => Buffer.from(value ?? []).toString('base64');
  return {
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([key, value]) => [key, base64(value)])),
    data: base64(data),
  };
}
