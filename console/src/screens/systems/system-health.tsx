import type { components } from '../../api/schema';
import { Status } from '../../ui/status';

/** Shows the health of a system and whether it is in maintenance. */
export function HealthStatus({ health }: { health: components['schemas']['Health'] | undefined }) {
  if (health === undefined) return <span className="faint">–</span>;
  return (
    <>
      <Status value={health.status} />
      {health.inMaintenance && <span className="tag">in maintenance</span>}
    </>
  );
}
