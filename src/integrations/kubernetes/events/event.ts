import { z } from 'zod';

const Text = z.string().nullish();

/**
 * An Event of the core/v1 API. The events.k8s.io/v1 API returns the same objects, with `eventTime` and `series` instead
 * of `lastTimestamp` and `count` (https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/).
 */
export const KubeEvent = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    namespace: Text,
    uid: Text,
    resourceVersion: z.string(),
    creationTimestamp: Text,
  }),
  involvedObject: z.looseObject({ apiVersion: Text, kind: Text, namespace: Text, name: Text, uid: Text }),
  type: Text,
  reason: Text,
  message: Text,
  count: z.int().nullish(),
  firstTimestamp: Text,
  lastTimestamp: Text,
  eventTime: Text,
  series: z.looseObject({ count: z.int().nullish(), lastObservedTime: Text }).nullish(),
  source: z.looseObject({ component: Text }).nullish(),
  reportingComponent: Text,
});
export type KubeEvent = z.infer<typeof KubeEvent>;

/** The payload of the trigger. Fields that Kubernetes omits are null. */
export const EventPayload = z.strictObject({
  connectionId: z.string(),
  connectionName: z.string(),
  type: z.string().describe('Normal or Warning'),
  reason: z.string().nullable(),
  message: z.string().nullable(),
  namespace: z.string().nullable().describe('Namespace of the object; null for cluster-scoped objects'),
  kind: z.string().nullable(),
  name: z.string().nullable(),
  apiVersion: z.string().nullable(),
  uid: z.string().nullable().describe('Uid of the object'),
  count: z.int().describe('Number of occurrences'),
  firstSeenAt: z.string().nullable(),
  lastSeenAt: z.string().nullable(),
  source: z.string().nullable().describe('The component that reports it, such as kubelet'),
  eventName: z.string().describe('Name of the Event object'),
});
export type EventPayload = z.infer<typeof EventPayload>;

/** Returns the trigger payload for an event that a connection has received. */
export function payloadOf(event: KubeEvent, connection: { id: string; name: string }): EventPayload {
  const { involvedObject: object, metadata, series } = event;
  return {
    ...{ connectionId: connection.id, connectionName: connection.name },
    ...{ type: text(event.type) ?? 'Normal', reason: text(event.reason), message: text(event.message) },
    ...{ namespace: text(object.namespace), kind: text(object.kind), name: text(object.name) },
    ...{ apiVersion: text(object.apiVersion), uid: text(object.uid) },
    count: series?.count ?? event.count ?? 1,
    firstSeenAt: text(event.firstTimestamp) ?? text(event.eventTime) ?? text(metadata.creationTimestamp),
    lastSeenAt: text(series?.lastObservedTime) ?? text(event.lastTimestamp) ?? text(event.eventTime),
    source: text(event.reportingComponent) ?? text(event.source?.component),
    eventName: metadata.name,
  };
}

/** Returns the object that an event is about, as `namespace/kind/name`. */
export function contextKeyOf({ namespace, kind, name }: Pick<EventPayload, 'namespace' | 'kind' | 'name'>): string {
  return [namespace, kind, name].filter((part) => part !== null).join('/');
}

const text = (value: string | null | undefined): string | null => (value === undefined || value === '' ? null : value);

/**
 * Returns whether one resource version is later than another. For types that the API server itself serves, versions of
 * the same resource type are increasing integers
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions). Returns false when a version is not
 * an integer.
 */
export function isLater(version: string, than: string): boolean {
  const isInteger = (one: string) => /^\d{1,30}$/.test(one);
  return isInteger(version) && isInteger(than) && BigInt(version) > BigInt(than);
}
