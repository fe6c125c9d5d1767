import { Link } from '@tanstack/react-router';
import { RotateCcw } from 'lucide-react';
import { Empty, Page, Problem } from './page';

/** Shown instead of a screen that failed to render, with the error. The navigation remains usable. */
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

/** Shown for an address that does not lead to a screen. */
export function NoScreen() {
  return (
    <Page title="Not found">
      <div className="panel">
        <Empty>
          There is no page at this address. <Link to="/now">Go to Now</Link>
        </Empty>
      </div>
    </Page>
  );
}
