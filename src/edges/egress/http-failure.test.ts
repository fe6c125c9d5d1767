import { httpFailure } from './http-failure';

const now = new Date('2026-03-01T12:00:00Z');
const failure = (status: number, headers: Record<string, string> = {}, retryOnStatus: number[] = []) =>
  httpFailure({ status, headers, body: '', url: 'https://a.example/path?token=secret' }, { now, retryOnStatus });

it.each([408, 425, 429, 500, 502, 503, 599])('%i allows another attempt', (status) => {
  expect(failure(status)).toMatchObject({ code: 'http_status', status, retryable: true });
});

it.each([304, 400, 401, 404, 409, 410, 422, 428])('%i does not allow another attempt', (status) => {
  expect(failure(status)).toMatchObject({ code: 'http_status', status, retryable: false });
});

it('allows another attempt if the action lists the status', () => {
  expect(failure(409, {}, [404, 409]).retryable).toBe(true);
});

it('waits as long as the server requests', () => {
  expect(failure(503, { 'retry-after': '7' }).retryAfterMs).toBe(7_000);
  expect(failure(404, { 'retry-after': '7' }).retryAfterMs).toBeUndefined();
});

it('names only the origin, because paths and queries may be secret', () => {
  expect(failure(500).message).toBe('https://a.example answered with status 500.');
});
