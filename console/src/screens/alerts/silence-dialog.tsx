import { useState } from 'react';
import { api, bodyOf } from '../../api/client';
import { Dialog } from '../../ui/dialog';
import { AreaField, SelectField, TextField } from '../../ui/field';
import { useSave } from '../../ui/mutation';

const DURATIONS = [
  { value: '30', label: '30 minutes' },
  { value: '120', label: '2 hours' },
  { value: '480', label: '8 hours' },
  { value: '1440', label: '1 day' },
  { value: '10080', label: '7 days' },
];

/** A dialog that silences one alert, or all alerts that match the entered matchers. */
export function SilenceDialog({ fingerprint, onClose }: { fingerprint?: string; onClose(): void }) {
  const [minutes, setMinutes] = useState('120');
  const [comment, setComment] = useState('');
  const [matchers, setMatchers] = useState('');
  const save = useSave(
    ['silences', 'alerts', 'alert'],
    () => {
      const rest = { durationMinutes: Number(minutes), comment };
      const lines = matchers.split('\n').map((line) => line.trim());
      const body =
        fingerprint === undefined
          ? { ...rest, matchers: lines.filter((line) => line !== '') }
          : { ...rest, fingerprint };
      return bodyOf(api.POST('/api/v1/alert-silences', { body }));
    },
    onClose,
  );
  return (
    <Dialog
      title={fingerprint === undefined ? 'Silence alerts' : 'Silence this alert'}
      submit="Silence"
      onClose={onClose}
      form={save}
    >
      {fingerprint === undefined && (
        <AreaField
          label="Matchers, one per line"
          code
          rows={3}
          value={matchers}
          onChange={setMatchers}
          placeholder={'alertname="DiskFull"'}
          required
        />
      )}
      <SelectField label="For" value={minutes} options={DURATIONS} onChange={setMinutes} />
      <TextField
        label="Comment"
        value={comment}
        onChange={setComment}
        hint="Shown wherever this silence prevents an automation from starting."
      />
    </Dialog>
  );
}
