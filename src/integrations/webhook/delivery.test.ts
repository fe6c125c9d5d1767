import { createMask, NO_MASK, type Mask } from '../../domain/secrets/mask-values';
import { Delivery, deliveryOf } from './delivery';

const url = 'https://a.example';
const deliver = (body: string, mask: Mask = NO_MASK) => deliveryOf(url, { status: 200, body }, mask);

it.each([
  ['{"id":"abc","name":1}', 'abc'],
  ['{"id":42}', '42'],
  ['{"id":1.5}', '1.5'],
  ['{"id":90071992547409931234}', '90071992547409931234'],
  ['{"id":{"x":1}}', undefined],
  ['{"id":null}', undefined],
  ['{"data":{"id":1}}', undefined],
  ['[{"id":1}]', undefined],
  ['"id"', undefined],
  ['{"id":', undefined],
  ['', undefined],
])('reads from %s the id %j', (body, externalId) => {
  expect(deliver(body)).toEqual({ url, status: 200, responseBody: body, ...(externalId && { externalId }) });
});

it('keeps at most 10,000 characters, and no half of a surrogate pair', () => {
  const { responseBody } = deliver(`${'a'.repeat(9_999)}😀`);
  expect(responseBody).toBe(`${'a'.repeat(9_999)}\ufffd`);
});

it('replaces characters that Postgres cannot store', () => {
  const delivery = deliver('{"id":"a\\u0000b"}');
  expect(delivery.externalId).toBe('a\ufffdb');
  expect(deliver('x\u0000y').responseBody).toBe('x\ufffdy');
  expect(Delivery.parse(delivery)).toEqual(delivery);
});

it('masks a secret before it cuts the response', () => {
  const secret = 'a-secret-across-the-cut';
  const { responseBody } = deliver(`${'a'.repeat(9_990)} ${secret}`, createMask([secret]));
  expect(responseBody).toBe(`${'a'.repeat(9_990)} ****`);
});
