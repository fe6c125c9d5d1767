import { storableJson } from './storable-json';

test('JSON for Postgres contains neither NUL nor lone surrogates in its values', () => {
  expect(JSON.parse(storableJson({ a: 'x\0y', b: ['\udc00'], c: 'smile \ud83d\ude00' }))).toEqual({
    ...{ a: 'xy', b: ['\ufffd'], c: 'smile \ud83d\ude00' },
  });
  expect(JSON.parse(storableJson({ a: String.raw`spelled \u0000` }))).toEqual({ a: String.raw`spelled \u0000` });
});
