import type { Payload, PayloadCodec } from '@temporalio/common';
import { z } from 'zod';
import { FermataError } from '../../domain/errors';
import { PayloadCodecError } from '../../temporal/codec/payload-codec';
import { payloadFromJson, payloadToJson } from '../../temporal/codec/payload-json';
import { json, readRoute, type Route } from '../http/route';

const Base64 = z.string().regex(/^[A-Za-z0-9+/_-]*={0,2}$/, 'must be base64');

const PayloadBody = z.object({
  metadata: z.record(z.string(), Base64).nullish(),
  data: Base64.nullish().describe('Content in base64'),
});

const Payloads = z
  .object({ payloads: z.array(PayloadBody).max(10_000).default([]) })
  .describe("A list of Temporal payloads as protobuf's JSON");

const MAX_BODY_BYTES = 16_777_216;

/**
 * Returns the routes for a Temporal codec server: https://docs.temporal.io/codec-server. The Web UI and `temporal
 * --codec-endpoint` call them.
 */
export function codecRoutes({ codec }: { codec?: PayloadCodec | undefined }): Route[] {
  const common = {
    method: 'post',
    tag: 'Operations',
    body: Payloads,
    forWebUi: true,
    maxBodyBytes: MAX_BODY_BYTES,
    headers: { 'X-Namespace': "Namespace, which Temporal's tools send; ignored" },
  } as const;
  const responses = { 200: { description: 'The payloads, in the same order', schema: Payloads } };
  const apply = async (work: keyof PayloadCodec, payloads: z.output<typeof Payloads>['payloads']) => {
    const given = payloads.map(payloadFromJson);
    const changed = codec === undefined ? given : await through(() => codec[work](given));
    return json(200, { payloads: changed.map(payloadToJson) });
  };
  return [
    readRoute({
      ...common,
      path: '/codec/decode',
      permission: 'automation.read',
      operationId: 'codec.decode',
      summary: "Decrypt payloads of Temporal's histories",
      description:
        'Payloads that are not encrypted are returned unchanged. 422 when a key is missing or a payload was changed.',
      responses,
      handler: ({ body }) => apply('decode', body.payloads),
    }),
    readRoute({
      ...common,
      path: '/codec/encode',
      permission: 'automation.manage',
      operationId: 'codec.encode',
      summary: 'Encrypt payloads as workers do',
      description: 'With `FERMATA_CODEC=none`, payloads are returned unchanged.',
      responses,
      handler: ({ body }) => apply('encode', body.payloads),
    }),
  ];
}

async function through(work: () => Promise<Payload[]>): Promise<Payload[]> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PayloadCodecError) throw new FermataError('validation_failed', error.message);
    throw error;
  }
}
