import { ProviderFailure } from '../../integrations/provider-failure';
import { networkFailure } from './network-failure';

const withCode = (code: string, message = 'm') => Object.assign(new Error(message), { code });

it.each([
  ['ECONNREFUSED', 'network_error'],
  ['ECONNRESET', 'network_error'],
  ['ENOTFOUND', 'network_error'],
  ['UND_ERR_SOCKET', 'network_error'],
  ['CERT_HAS_EXPIRED', 'network_error'],
  ['HPE_INVALID_CONSTANT', 'network_error'],
  ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
  ['ETIMEDOUT', 'timeout'],
])('%s is a %s and allows another attempt', (code, expected) => {
  expect(networkFailure(withCode(code), 'https://a.example')).toMatchObject({ code: expected, retryable: true });
});

it('reports the first of several addresses that failed', () => {
  const error = new AggregateError([withCode('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1')]);
  expect(networkFailure(error, 'http://a.example').message).toContain('ECONNREFUSED: connect ECONNREFUSED');
});

it('does not repeat a request that cannot be encoded', () => {
  expect(networkFailure(withCode('UND_ERR_INVALID_ARG'), 'x')).toMatchObject({
    code: 'config_invalid',
    retryable: false,
  });
});

it('rethrows an existing failure', () => {
  const failure = new ProviderFailure('egress_refused', 'no', { retryable: false });
  expect(networkFailure(failure, 'x')).toBe(failure);
});
