import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { useDeferredValue, useState } from 'react';
import { api, bodyOf } from '../../api/client';
import { rememberSystemName, useSystemName } from '../../api/system-names';
import { Combobox, type Choice } from '../../ui/combobox';
import { EntityName } from '../../ui/entity-name';

const SHOWN = 5;

/** Returns up to five systems whose id or name contains `text`, except those already chosen. */
function useSystems(text: string, chosen: readonly string[] = []): Choice[] {
  const q = useDeferredValue(text.trim());
  const { data } = useQuery({
    queryKey: ['systems', 'choices', q],
    staleTime: 30_000,
    placeholderData: keepPreviousData,
    queryFn: () => bodyOf(api.GET('/api/v1/systems', { params: { query: { limit: 50, ...(q === '' ? {} : { q }) } } })),
  });
  // Until the new response arrives, the previous one is used. It may contain systems that do not match the new text.
  const fits = (part: string) => part.toLowerCase().includes(text.trim().toLowerCase());
  return (data?.items ?? [])
    .filter(({ id, name }) => !chosen.includes(id) && (fits(id) || fits(name)))
    .slice(0, SHOWN)
    .map(({ id, name }) => ({ value: id, label: name }));
}

interface SystemsFieldProps {
  value: readonly string[];
  onChange(ids: readonly string[]): void;
}

/** A field for several systems, which are chosen from a list or entered as ids. */
export function SystemsField({ value, onChange }: SystemsFieldProps) {
  const [text, setText] = useState('');
  const choices = useSystems(text, value);
  const add = (ids: readonly string[]) => {
    setText('');
    if (ids.length > 0) onChange([...new Set([...value, ...ids])]);
  };
  const remove = (id: string) => onChange(value.filter((each) => each !== id));
  return (
    <div>
      <Combobox
        label="Systems"
        hint="Enter part of a name or id. You can choose several systems."
        text={text}
        choices={choices}
        required={value.length === 0}
        onType={(next) => (next.endsWith(',') ? add(idsOf(next)) : setText(next))}
        onChoose={(id) => {
          remember(choices, id);
          add([id]);
        }}
        onErase={() => onChange(value.slice(0, -1))}
        onLeave={() => add(idsOf(text))}
      />
      {/* The empty list keeps its height. Otherwise a button below could move away from the pointer when the field
          loses focus. */}
      <ul className="chosen" aria-label="Chosen">
        {value.map((id) => (
          <ChosenSystem key={id} id={id} onRemove={() => remove(id)} />
        ))}
      </ul>
    </div>
  );
}

/** A chosen system, with a button that removes it. The tooltip shows the id. */
function ChosenSystem({ id, onRemove }: { id: string; onRemove(): void }) {
  const name = useSystemName(id);
  return (
    <li className="tag">
      <EntityName id={id} name={name} short={60} />
      <button type="button" className="icon" aria-label={`Remove ${name ?? id}`} onClick={onRemove}>
        <X size={12} aria-hidden />
      </button>
    </li>
  );
}

/**
 * A field for one system, which is chosen from a list or entered as an id. Shows the name of a system that was chosen
 * from the list. The tooltip then shows the id.
 */
export function SystemField({ value, onChange }: { value: string; onChange(id: string): void }) {
  const [chosen, setChosen] = useState<Choice>();
  const choices = useSystems(chosen === undefined ? value : '');
  return (
    <Combobox
      label="System"
      hint="Enter part of a name or id."
      text={chosen?.label ?? value}
      title={chosen?.value}
      choices={choices.filter(({ value: id }) => id !== value)}
      required
      onType={(text) => {
        setChosen(undefined);
        onChange(text);
      }}
      onChoose={(id) => {
        setChosen(choices.find((choice) => choice.value === id));
        onChange(id);
      }}
    />
  );
}

/** Caches the name of the system that was chosen from the list. */
function remember(choices: readonly Choice[], id: string): void {
  const choice = choices.find(({ value }) => value === id);
  if (choice !== undefined) rememberSystemName(id, choice.label);
}

/** Returns the ids in a comma-separated list. */
const idsOf = (text: string): string[] =>
  text
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '');
