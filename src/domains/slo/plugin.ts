import { z } from 'zod';
import type { Plugin } from '../../integrations/contract';
import { deleteSlosOf, sloKind } from './slos';

const Performer = z.looseObject({ systemId: z.string(), name: z.string(), budgetRemainingPercent: z.number() });

/** The plugin for service level objectives for the health of systems. */
export const sloPlugin: Plugin = {
  id: 'slo',
  triggers: [
    {
      ...{
        id: 'achievement_unlocked',
        displayName: 'Achievement unlocked',
        category: 'SLOs',
        contextKeyLabel: 'system',
      },
      description: 'A system has had no outage for 7, 30, 90, 180 or 365 days.',
      payloadSchema: z.object({ systemId: z.string(), achievement: z.string(), objectiveId: z.string().optional() }),
      contextKey: (payload) => String(payload.systemId),
    },
    {
      ...{ id: 'weekly_digest', displayName: 'Weekly digest', category: 'SLOs' },
      description: 'Reports all objectives, on Mondays at 09:00 UTC.',
      payloadSchema: z.object({
        ...{ totals: z.number(), breaching: z.number(), atRisk: z.number(), healthy: z.number() },
        topPerformers: z.array(Performer),
        worstPerformers: z.array(Performer),
      }),
    },
  ],
  entityKinds: [sloKind],
  onSystemRemoved: deleteSlosOf,
};
