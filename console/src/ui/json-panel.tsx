import { Json } from './json';
import { Panel } from './page';

/** Shows a value as JSON in a titled panel. */
export function JsonPanel({ title, value }: { title: string; value: unknown }) {
  return (
    <Panel title={title}>
      <div className="detail">
        <Json value={value} />
      </div>
    </Panel>
  );
}
