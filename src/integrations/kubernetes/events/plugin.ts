import { z } from 'zod';
import type { TriggerType } from '../../../domain/registry/trigger-type';
import type { Plugin } from '../../contract';
import { contextKeyOf, EventPayload } from './event';
import { mismatchOf } from './match';

const Text = z.string().trim().min(1);
const Wanted = z
  .union([Text, z.array(Text).min(1)])
  .optional()
  .describe('One value, or a list of which one must match');

const Config = z.strictObject({
  connectionId: Text.meta({ 'x-connection': true }).describe(
    'Id or name of a connection of type kubernetes, whose events are then watched',
  ),
  namespace: Wanted,
  type: Wanted.describe('Type: Normal or Warning, or a list'),
  reason: Wanted.describe('Reason, such as BackOff or FailedScheduling, or a list'),
  kind: Wanted.describe('Kind of the object that the event is about, such as Pod, or a list'),
  name: Wanted.describe('Name of that object, or a list'),
});

/**
 * The trigger `kubernetes.event`, for a cluster's Events
 * (https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/).
 */
const event: TriggerType = {
  id: 'event',
  displayName: 'Kubernetes event',
  description: 'A cluster has recorded an event about an object, such as a warning about a pod.',
  category: 'Kubernetes',
  payloadSchema: EventPayload,
  configSchema: Config,
  contextKey: (payload) => contextKeyOf(EventPayload.parse(payload)),
  contextKeyLabel: 'object',
  evaluateConfig: (payload, config) => mismatchOf(payload, config) === undefined,
  mismatch(payload, config) {
    const found = mismatchOf(payload, config);
    if (found === undefined) return undefined;
    const [path, wanted] = found;
    return { path, expression: path, found: payload[path], wanted };
  },
};

/** The plugin for Events of Kubernetes clusters. */
export const kubernetesEventsPlugin: Plugin = { id: 'kubernetes', triggers: [event] };
