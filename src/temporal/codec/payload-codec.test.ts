import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { createCipher } from '../../domain/secrets/cipher';
import { decodeJson } from './decode-json';
import { createPayloadCodec, isEncrypted, PayloadCodecError } from './payload-codec';
import { payloadFromJson, payloadToJson } from './payload-json';

const OLD = Buffer.alloc(32, 1);
const NEW = Buffer.alloc(32, 2);
const codec = (keys: Buffer[], encrypts = true) => createPayloadCodec({ keys, encrypts });
const payloadOf = (value: unknown): Payload => defaultPayloadConverter.toPayload(value) as Payload;
const valueOf = (payload: Payload | undefined): unknown => defaultPayloadConverter.fromPayload(payload as Payload);
const readable = (payload: Payload): string =>
  [...Object.values(payload.metadata ?? {}), payload.data].map((each) => Buffer.from(each ?? []).toString()).join(' ');

it('encrypts a whole payload and returns it on decryption', async () => {
  const [sealed] = await codec([OLD]).encode([payloadOf({ token: 'canary' })]);
  if (!sealed) throw new Error('no payload');
  expect(isEncrypted(sealed)).toBe(true);
  expect(readable(sealed)).not.toMatch(/canary|json/);
  const [opened] = await codec([OLD]).decode([sealed]);
  expect(valueOf(opened)).toEqual({ token: 'canary' });
});

it('encrypts equal payloads differently', async () => {
  const [one, two] = await codec([OLD]).encode([payloadOf('same'), payloadOf('same')]);
  expect(Buffer.from(one?.data ?? [])).not.toEqual(Buffer.from(two?.data ?? []));
});

it('decrypts payloads of an earlier key, and encrypts with the first key', async () => {
  const before = await codec([OLD]).encode([payloadOf(1)]);
  const rotated = codec([NEW, OLD]);
  expect(valueOf((await rotated.decode(before))[0])).toBe(1);
  const after = await rotated.encode([payloadOf(2)]);
  expect(valueOf((await codec([NEW]).decode(after))[0])).toBe(2);
  await expect(codec([NEW]).decode(before)).rejects.toThrow(
    /encrypted with key [0-9a-f]{16}, which is not in FERMATA_SECRET_KEY/,
  );
});

it('returns clear payloads unchanged, and only decrypts while it is off', async () => {
  const clear = [payloadOf('clear')];
  const off = codec([OLD], false);
  expect(await off.encode(clear)).toBe(clear);
  expect(await codec([OLD]).decode(clear)).toEqual(clear);
  expect(valueOf((await off.decode(await codec([OLD]).encode(clear)))[0])).toBe('clear');
});

it('refuses altered or cut payloads', async () => {
  const [sealed] = await codec([OLD]).encode([payloadOf('x')]);
  const bytes = Buffer.from(sealed?.data ?? []);
  const altered = (data: Buffer): Payload => ({ metadata: sealed?.metadata ?? {}, data });
  for (const at of [0, 20, bytes.length - 1]) {
    const flipped = Buffer.from(bytes);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    await expect(codec([OLD]).decode([altered(flipped)])).rejects.toThrow(PayloadCodecError);
  }
  await expect(codec([OLD]).decode([altered(bytes.subarray(0, 30))])).rejects.toThrow(/too short/);
});

it('does not decrypt a value that was encrypted as a secret', async () => {
  const { keyId, nonce, ciphertext } = createCipher([OLD]).seal('TOKEN', 'canary');
  const [own] = await codec([OLD]).encode([payloadOf(1)]);
  const forged: Payload = {
    metadata: { ...own?.metadata, 'encryption-key-id': Buffer.from(keyId) },
    data: Buffer.concat([Buffer.alloc(16), Buffer.from(nonce, 'base64'), Buffer.from(ciphertext, 'base64')]),
  };
  await expect(codec([OLD]).decode([forged])).rejects.toThrow(PayloadCodecError);
});

it('requires a key to encrypt', () => {
  expect(() => codec([])).toThrow(/at least one key/);
  expect(() => codec([], false)).not.toThrow();
});

it('decrypts payloads anywhere in a JSON document and does not change the rest', async () => {
  const [text, nothing] = await codec([OLD]).encode([payloadOf({ a: [1, 'ü'] }), payloadOf(null)]);
  const json = (payload: Payload | undefined) => payloadToJson(payload as Payload);
  const clear = json(payloadOf('clear'));
  const document = { events: [{ input: { payloads: [json(text), clear, json(nothing)] } }], metadata: { note: 'x' } };
  expect(await decodeJson(document, codec([OLD]))).toEqual({
    events: [{ input: { payloads: [{ a: [1, 'ü'] }, clear, null] } }],
    metadata: { note: 'x' },
  });
});

it("writes and reads protobuf's JSON", () => {
  const payload = payloadOf('ü');
  expect(payloadToJson(payloadFromJson(payloadToJson(payload)))).toEqual(payloadToJson(payload));
  expect(payloadToJson({})).toEqual({ metadata: {}, data: '' });
  expect(payloadFromJson({ metadata: null, data: null })).toEqual({ metadata: {}, data: Buffer.alloc(0) });
});
