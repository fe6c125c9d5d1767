import { Link } from '@tanstack/react-router';
import { RotateCcw } from 'lucide-react';
import { Empty, Page, Problem } from './page';

/** A screen that failed to render. The navigation stays, and the error is shown. */
export function Crash({ error }: { error: unknown }) {
  return (
    <Page
      title="This screen failed"
      aside={
        <button type="button" onClick={() => window.location.reload()}>
          <RotateCcw size={14} aria-hidden /> Reload
        </button>
      }
    >
      <Problem error={error} />
    </Page>
  );
}

/** An address that leads to no screen. */
export function NoScreen() {
  return (
    <Page title="Not found">
      <div className="panel">
        <Empty>
          No screen has this address. <Link to="/now">Go to Now</Link>
        </Empty>
      </div>
    </Page>
  );
}
