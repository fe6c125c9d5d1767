import { useId, useState, type KeyboardEvent, type ReactNode } from 'react';
import { Field } from './field';

export interface Choice {
  value: string;
  label: string;
}

interface ComboboxProps {
  label: string;
  hint?: ReactNode;
  /** The text in the input, without values that have already been chosen. */
  text: string;
  /** Tooltip of the input. Default: none. */
  title?: string | undefined;
  /** Choices that match the text. */
  choices: readonly Choice[];
  required: boolean;
  onType(text: string): void;
  onChoose(value: string): void;
  /** Called when Backspace is pressed in an empty input. */
  onErase?: () => void;
  /** Called when the text should be accepted, i.e. when Enter is pressed or the input loses focus. */
  onLeave?: () => void;
}

/**
 * An input with a list of choices below it. Arrow keys move the highlight, Enter chooses the highlighted choice, and
 * Escape closes the list. Text that is not in the list is also accepted.
 */
export function Combobox(props: ComboboxProps) {
  const { label, hint, text, title, choices, required, onType, onChoose, onErase, onLeave } = props;
  const listId = useId();
  const { shown, active, open, close } = useMarked(choices);
  const choose = (value: string) => {
    onChoose(value);
    close();
  };
  const press = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      const next = active < 0 ? (step > 0 ? 0 : -1) : active + step;
      open(choices.at(next % Math.max(1, choices.length))?.value);
    } else if (event.key === 'Enter' && shown && choices[active] !== undefined) {
      event.preventDefault();
      choose(choices[active].value);
    } else if (event.key === 'Escape' && shown) {
      // Closes the list, but not a dialog that contains the field.
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === 'Enter' && onLeave !== undefined && text.trim() !== '') {
      // The first Enter accepts the text. The second Enter submits the form.
      event.preventDefault();
      onLeave();
      close();
    } else if (event.key === 'Backspace' && text === '') onErase?.();
  };
  return (
    <Field label={label} hint={hint}>
      {(id) => (
        <div className="combobox">
          <input
            {...{ id, title, value: text, required, autoComplete: 'off', role: 'combobox' }}
            aria-autocomplete="list"
            aria-expanded={shown}
            aria-controls={listId}
            aria-activedescendant={shown && active >= 0 ? `${listId}-${active}` : undefined}
            onChange={(event) => {
              onType(event.target.value);
              open(undefined);
            }}
            onFocus={() => open(choices[active]?.value)}
            onClick={() => open(choices[active]?.value)}
            onBlur={() => {
              close();
              onLeave?.();
            }}
            onKeyDown={press}
          />
          <Choices id={listId} choices={choices} active={active} shown={shown} onChoose={choose} />
        </div>
      )}
    </Field>
  );
}

/** Tracks whether the list is open and which choice is highlighted. */
function useMarked(choices: readonly Choice[]) {
  const [isOpen, setOpen] = useState(false);
  // Stored by value, not index: choices may arrive while the list is open, and Enter must select the highlighted
  // choice.
  const [marked, setMarked] = useState<string>();
  return {
    shown: isOpen && choices.length > 0,
    active: choices.findIndex(({ value }) => value === marked),
    /** Opens the list and highlights a choice, or none for undefined. */
    open(value: string | undefined) {
      setOpen(true);
      setMarked(value);
    },
    close() {
      setOpen(false);
      setMarked(undefined);
    },
  };
}

interface ChoicesProps {
  id: string;
  choices: readonly Choice[];
  /** Index of the highlighted choice, or -1. */
  active: number;
  shown: boolean;
  onChoose(value: string): void;
}

function Choices({ id, choices, active, shown, onChoose }: ChoicesProps) {
  return (
    <ul id={id} role="listbox" aria-label="Choices" hidden={!shown}>
      {choices.map(({ value, label: name }, index) => (
        <li
          key={value}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === active}
          // A click would come too late: by then, the input has lost the focus, and the list is closed.
          onMouseDown={(event) => {
            event.preventDefault();
            onChoose(value);
          }}
        >
          {name}
          {name !== value && <span className="cell-sub"> {value}</span>}
        </li>
      ))}
    </ul>
  );
}
