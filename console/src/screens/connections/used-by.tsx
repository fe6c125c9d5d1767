import { Link } from '@tanstack/react-router';
import type { components } from '../../api/schema';

/** Links to the automations that use `connection:<id>`, `hook:<name>` or `package:<name@version>`. */
export function UsersLink({ uses, name }: { uses: string; name: string }) {
  return (
    <Link to="/automations" search={{ uses }} aria-label={`Automations that use ${name}`}>
      Automations
    </Link>
  );
}

/** Lists the automations, connections and hooks that refer to a secret. */
export function SecretUsers({ usedBy }: { usedBy: components['schemas']['Secret']['usedBy'] }) {
  const { automations, connections, hooks } = usedBy;
  if (automations.length + connections.length + hooks.length === 0) return <span className="faint">nothing</span>;
  return (
    <span className="used-by">
      {automations.map(({ id, name }) => (
        <Link key={id} to="/automations/$id" params={{ id }} search={{}}>
          {name}
        </Link>
      ))}
      {connections.map(({ id, name }) => (
        <Link key={id} to="/connections" search={{}}>
          connection {name}
        </Link>
      ))}
      {hooks.map(({ id, name }) => (
        <Link key={id} to="/connections" search={{ tab: 'hooks' }}>
          hook {name}
        </Link>
      ))}
    </span>
  );
}
