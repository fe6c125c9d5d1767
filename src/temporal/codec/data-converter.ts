import type { DataConverter } from '@temporalio/common';
import type { Config } from '../../config';
import { keyIdOf } from '../../domain/secrets/cipher';
import { createPayloadCodec } from './payload-codec';

/**
 * Returns the data converter of Temporal's clients and workers. It always includes the codec, so that encrypted
 * histories can be read even when encryption is disabled.
 */
export function dataConverterOf({ codec, secretKeys = [] }: Pick<Config, 'codec' | 'secretKeys'>): DataConverter {
  const encrypts = codec === 'aes-gcm';
  return {
    payloadCodecs: [createPayloadCodec({ keys: secretKeys, encrypts })],
    ...(encrypts && { failureConverterPath: require.resolve('./encoding-failures') }),
  };
}

/** Returns the id of the key with which payloads are encrypted; '' = not encrypted. */
export function encryptionOf({ codec, secretKeys = [] }: Pick<Config, 'codec' | 'secretKeys'>): string {
  const [first] = secretKeys;
  return codec === 'aes-gcm' && first !== undefined ? keyIdOf(first) : '';
}
