import { isLater, KubeEvent, payloadOf } from './event';
import { isWanted } from './match';
import { kubernetesEventsPlugin } from './plugin';

const connection = { id: 'c1', name: 'Cluster' };
const metadata = { name: 'web.17', namespace: 'shop', uid: 'u1', resourceVersion: '7' };

it('reads events that kubelet records', () => {
  const event = KubeEvent.parse({
    ...{ metadata, type: 'Warning', reason: 'BackOff', message: 'Back-off', count: 3 },
    involvedObject: { kind: 'Pod', namespace: 'shop', name: 'web', uid: 'p1', apiVersion: 'v1', fieldPath: 'spec' },
    ...{ firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:05:00Z', eventTime: null },
    ...{ source: { component: 'kubelet', host: 'n1' }, reportingComponent: '' },
  });
  expect(payloadOf(event, connection)).toEqual({
    ...{ connectionId: 'c1', connectionName: 'Cluster', type: 'Warning', reason: 'BackOff', message: 'Back-off' },
    ...{ namespace: 'shop', kind: 'Pod', name: 'web', apiVersion: 'v1', uid: 'p1', count: 3, source: 'kubelet' },
    ...{ firstSeenAt: '2026-01-01T00:00:00Z', lastSeenAt: '2026-01-01T00:05:00Z', eventName: 'web.17' },
  });
});

it('reads events that events.k8s.io records', () => {
  const event = KubeEvent.parse({
    ...{ metadata, type: 'Normal', reason: 'Scheduled', involvedObject: { kind: 'Node', name: 'n1' } },
    ...{ eventTime: '2026-01-01T00:00:00.000001Z', firstTimestamp: null, lastTimestamp: null, count: null },
    ...{ series: { count: 5, lastObservedTime: '2026-01-01T00:09:00Z' }, reportingComponent: 'scheduler' },
  });
  expect(payloadOf(event, connection)).toMatchObject({
    ...{ count: 5, source: 'scheduler', namespace: null, message: null },
    ...{ firstSeenAt: '2026-01-01T00:00:00.000001Z', lastSeenAt: '2026-01-01T00:09:00Z' },
  });
});

it.each([
  ['10', '9', true],
  ['9', '10', false],
  ['10', '10', false],
  ['90071992547409931', '90071992547409930', true],
  ['abc', '9', false],
])('compares resource versions as integers: %s after %s is %s', (version, than, expected) => {
  expect(isLater(version, than)).toBe(expected);
});

describe('the trigger', () => {
  const [trigger] = kubernetesEventsPlugin.triggers ?? [];
  const payload = payloadOf(
    KubeEvent.parse({ metadata, type: 'Warning', reason: 'BackOff', involvedObject: { kind: 'Pod', name: 'web' } }),
    connection,
  );
  it.each([
    [{ connectionId: 'c1' }, undefined],
    [{ connectionId: 'Cluster', reason: ['Failed', 'BackOff'], kind: 'Pod' }, undefined],
    [{ connectionId: 'other' }, 'connectionId'],
    [{ connectionId: 'c1', type: 'Normal' }, 'type'],
    [{ connectionId: 'c1', namespace: 'shop' }, 'namespace'],
  ])('with %j finds the mismatch %s', (config, path) => {
    expect(trigger?.configSchema?.safeParse(config).success).toBe(true);
    expect(trigger?.evaluateConfig?.(payload, config)).toBe(path === undefined);
    expect(trigger?.mismatch?.(payload, config)?.path).toBe(path);
  });
  it('matches if a config matches, or may match once its templates are rendered', () => {
    expect(isWanted(payload, [])).toBe(false);
    expect(isWanted(payload, [{ connectionId: 'c1', type: 'Normal' }])).toBe(false);
    expect(isWanted(payload, [{ connectionId: 'c1', type: 'Normal' }, { connectionId: 'c1' }])).toBe(true);
    expect(isWanted(payload, [{ connectionId: 'c1', name: '{{ trigger.payload.name }}' }])).toBe(true);
  });
  it('has the object as its context key', () => {
    expect(trigger?.contextKey?.(payload, {})).toBe('Pod/web');
  });
});
