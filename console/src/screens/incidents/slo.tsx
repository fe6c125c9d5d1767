import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { daysText } from '../../lib/days';
import { durationText } from '../../lib/time';
import { CopyId } from '../../ui/copy';
import { Facts } from '../../ui/facts';
import { Loaded, Page, Panel } from '../../ui/page';
import { Time } from '../../ui/time';
import { SystemLink } from '../systems/system-links';
import { ReferringAutomations, Transitions } from '../systems/transitions';
import { Budget, budgetMs, budgetTimeText } from './budget';
import { BurnDownChart, burnDownQuery } from './burn-down';

type Slo = components['schemas']['Slo'];

/** Shows one objective: its definition, its error budget, how the budget was used up, and its transitions. */
export function SloScreen() {
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const query = useQuery({
    queryKey: ['slos', id],
    queryFn: () => bodyOf(api.GET('/api/v1/slos/{id}', { params: { path: { id } } })),
  });
  return (
    <Loaded query={query} title="Objective" list={['/slos', 'All objectives']}>
      {(slo) => <Objective stored={slo} />}
    </Loaded>
  );
}

/**
 * Shows the budget at the end of the burn-down, which is the budget now. The stored budget is computed only once a day
 * and when the health of the system changes.
 */
function Objective({ stored }: { stored: Slo }) {
  const burnDown = useQuery(burnDownQuery(stored));
  const last = burnDown.data?.points.at(-1);
  const slo = { ...stored, budgetRemainingPercent: last?.remainingPercent ?? stored.budgetRemainingPercent };
  return (
    <Page title={slo.name} sub={<Sub slo={slo} />}>
      <Panel title={`Error budget of the last ${daysText(slo.windowDays)}`}>
        <BurnDownChart slo={slo} />
      </Panel>
      <div className="two-columns">
        <div>
          <Definition slo={slo} />
          <State slo={slo} />
        </div>
        <div>
          <Transitions title="Health of the system" kind="health" id={slo.systemId} field="status" />
          <Transitions kind="slo" id={slo.id} />
          <ReferringAutomations kind="slo" id={slo.id} />
        </div>
      </div>
    </Page>
  );
}

function Sub({ slo }: { slo: Slo }) {
  return (
    <>
      <Budget slo={slo} />
      <SystemLink id={slo.systemId} />
      <span>{`${slo.target} % in ${daysText(slo.windowDays)}`}</span>
      <CopyId id={slo.id} />
    </>
  );
}

function Definition({ slo }: { slo: Slo }) {
  return (
    <Panel title="Definition">
      <Facts
        rows={[
          ['System', <SystemLink key="system" id={slo.systemId} />],
          ['Target', `not unhealthy for ${slo.target} % of the time`],
          ['Window', `the last ${daysText(slo.windowDays)}`],
          ['Error budget', `${durationText(budgetMs(slo))} unhealthy in ${daysText(slo.windowDays)}`],
          ['Created', <Time key="created" at={slo.createdAt} />],
          ['Changed', <Time key="changed" at={slo.updatedAt} />],
        ]}
      />
    </Panel>
  );
}

function State({ slo }: { slo: Slo }) {
  const { budgetRemainingPercent: left, currentStreak, bestStreak, achievements } = slo;
  return (
    <Panel title="State">
      <Facts
        rows={[
          ['Error budget left', `${left.toFixed(1)} %, ${budgetTimeText(slo)}`],
          ['Without an outage', `${daysText(currentStreak)}, best ${daysText(bestStreak)}`],
          ['Achievements', achievements.map((each) => each.replaceAll('_', ' ')).join(', ')],
          ['Streak computed', <Time key="computed" at={slo.computedAt} />],
        ]}
      />
    </Panel>
  );
}
