import { parseCloudEvents } from './parse-cloud-events';

const event = { specversion: '1.0', id: '1', source: '/ci', type: 'deploy.done' };
const structured = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
const batched = { 'content-type': 'application/cloudevents-batch+json' };
const binary = (more: Record<string, string> = {}) => ({
  ...{ 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/ci', 'ce-type': 'deploy.done', ...more },
});
const code = (headers: Record<string, string>, body: unknown) => {
  try {
    parseCloudEvents(headers, body);
    return 'accepted';
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

describe('CloudEvents over HTTP', () => {
  test('are read in structured mode, from bytes, text or parsed JSON', () => {
    const text = JSON.stringify({ ...event, data: { ok: true }, traceid: 'x1', subject: null });
    for (const body of [text, Buffer.from(text), JSON.parse(text) as unknown]) {
      expect(parseCloudEvents(structured, body)).toEqual([{ ...event, data: { ok: true }, traceid: 'x1' }]);
    }
  });

  test('are read in batched mode, and as plain JSON with one event or a list', () => {
    expect(parseCloudEvents(batched, [event, event])).toHaveLength(2);
    expect(parseCloudEvents({ 'content-type': 'application/json' }, [event])).toHaveLength(1);
    expect(parseCloudEvents({ 'content-type': 'application/json' }, event)).toHaveLength(1);
    expect(code(batched, event)).toBe('malformed_body');
  });

  test('are read in binary mode, with attributes from headers and data by its content type', () => {
    const json = binary({ 'content-type': 'application/json', 'ce-subject': 'Gr%C3%BC%C3%9Fe' });
    expect(parseCloudEvents(json, '{"ok":true}')).toEqual([
      { ...event, subject: 'Grüße', datacontenttype: 'application/json', data: { ok: true } },
    ]);
    expect(parseCloudEvents(binary({ 'content-type': 'text/plain' }), Buffer.from('hello'))[0]?.data).toBe('hello');
    const bytes = parseCloudEvents(binary({ 'content-type': 'application/octet-stream' }), Buffer.from([0, 255]))[0];
    expect(bytes).toMatchObject({ data_base64: 'AP8=' });
    expect(parseCloudEvents(binary(), undefined)).toEqual([event]);
  });

  test('base64 data that is JSON becomes data', () => {
    const encoded = {
      ...event,
      datacontenttype: 'application/json',
      data_base64: Buffer.from('[1]').toString('base64'),
    };
    expect(parseCloudEvents(structured, encoded)[0]?.data).toEqual([1]);
  });

  test('an invalid element of a batch is reported with its index and path', () => {
    expect(() => parseCloudEvents(batched, [event, { ...event, id: '' }])).toThrow(
      expect.objectContaining({
        status: 422,
        data: { index: 1 },
        errors: [expect.objectContaining({ path: '[1].id' })],
      }),
    );
  });

  test.each<[string, unknown, string]>([
    ['a missing type', { ...event, type: undefined }, 'validation_failed'],
    ['another version', { ...event, specversion: '0.3' }, 'validation_failed'],
    ['an invalid time', { ...event, time: 'yesterday' }, 'validation_failed'],
    ['an extension with capitals', { ...event, traceId: 'x' }, 'validation_failed'],
    ['an extension that is an object', { ...event, trace: {} }, 'validation_failed'],
    ['text that cannot be stored', { ...event, data: { a: 'x\0' } }, 'invalid_text'],
    ['a value that is not an object', 'null', 'validation_failed'],
    ['broken JSON', '{"specversion"', 'malformed_body'],
  ])('%s is refused', (_, body, expected) => {
    expect(code(structured, body)).toBe(expected);
  });

  test('a header with invalid percent-encoding is refused', () => {
    expect(code(binary({ 'ce-subject': '100%' }), undefined)).toBe('bad_request');
  });
});
