import type { DataConverter } from '@temporalio/common';
import type { Config } from '../../config';
import { keyIdOf } from '../../domain/secrets/cipher';
import { createPayloadCodec } from './payload-codec';

/** Returns how clients and workers of Temporal convert data: with the codec in any case, so that encrypted histories stay readable. */
export function dataConverterOf({ codec, secretKeys = [] }: Pick<Config, 'codec' | 'secretKeys'>): DataConverter {
  const encrypts = codec === 'aes-gcm';
  return {
    payloadCodecs: [createPayloadCodec({ keys: secretKeys, encrypts })],
    ...(encrypts && { failureConverterPath: require.resolve('./encoding-failures') }),
  };
}

/** Identifies what payloads are encrypted with; '' = they are not. */
export function encryptionOf({ codec, secretKeys = [] }: Pick<Config, 'codec' | 'secretKeys'>): string {
  const [first] = secretKeys;
  return codec === 'aes-gcm' && first !== undefined ? keyIdOf(first) : '';
}
