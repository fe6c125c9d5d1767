import { OtlpHeaders } from './otlp-settings';

it('reads headers like the exporters of OpenTelemetry', () => {
  expect(OtlpHeaders.parse('authorization=Bearer%20a%2Cb, x-team = core,empty=')).toEqual({
    ...{ authorization: 'Bearer a,b', 'x-team': 'core', empty: '' },
  });
});

it.each(['authorization', 'a b=c', 'a=%0d%0ax: y', 'a=%', '=x', 'a=b,,c=d'])('refuses %j', (text) => {
  expect(OtlpHeaders.safeParse(text).error?.issues[0]?.message).toContain('name=value pairs');
});
