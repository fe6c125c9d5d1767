import { z } from 'zod';
import type { TriggerType } from '../../domain/registry/trigger-type';
import type { Plugin } from '../contract';

const common = {
  connectionId: z.string(),
  teamId: z.string().nullable(),
  channel: z.string().nullable(),
  user: z.string().nullable(),
};

const trigger = (
  texts: Pick<TriggerType, 'id' | 'displayName' | 'description'>,
  payload: z.ZodRawShape,
): TriggerType => ({
  ...texts,
  category: 'Slack',
  payloadSchema: z.looseObject({ ...common, ...payload }),
  contextKey: (given) => (typeof given['channel'] === 'string' ? given['channel'] : null),
  contextKeyLabel: 'channel',
});

/** Triggers for events that Slack sends to `/hooks/slack/{connection}`. */
export const slackEventsPlugin: Plugin = {
  id: 'slack',
  triggers: [
    trigger(
      { id: 'event', displayName: 'Slack event', description: 'An event that the Slack app has subscribed to.' },
      {
        type: z.string(),
        text: z.string().nullable(),
        ts: z.string().nullable(),
        event: z.record(z.string(), z.unknown()),
      },
    ),
    trigger(
      {
        id: 'command',
        displayName: 'Slack command',
        description: 'Somebody used a slash command of the Slack app.',
      },
      { command: z.string(), text: z.string() },
    ),
    trigger(
      { id: 'button', displayName: 'Slack button', description: 'Somebody used a button or menu of a message.' },
      { actionId: z.string(), value: z.string().nullable(), ts: z.string().nullable() },
    ),
  ],
};
