import { useState, type ReactNode } from 'react';
import { createPortal } from 'react-dom';
import { Dialog } from './dialog';
import { useSave } from './mutation';

interface ConfirmationProps {
  /** The question to confirm. It names what the action affects. */
  title: string;
  /** Text of the button that runs the action. */
  submit: string;
  /** Runs after the confirmation. The lists named in `refresh` are read again afterwards. */
  action(): Promise<unknown>;
  refresh: readonly string[];
  /** Explains the effects of the action. */
  children: ReactNode;
}

/** A button for an action that cannot be undone. The action runs after a confirmation. */
export function ConfirmButton({ disabled = false, ...props }: ConfirmationProps & { disabled?: boolean }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <button type="button" disabled={disabled} onClick={() => setIsOpen(true)}>
        {props.submit}
      </button>
      {isOpen &&
        // Outside of the table that may contain the button, so that the dialog does not inherit its styles.
        createPortal(<Confirmation {...props} onClose={() => setIsOpen(false)} />, document.body)}
    </>
  );
}

function Confirmation({ title, submit, action, refresh, children, onClose }: ConfirmationProps & { onClose(): void }) {
  const run = useSave(refresh, action, onClose);
  return (
    <Dialog title={title} submit={submit} dismiss="Back" danger onClose={onClose} form={run}>
      <p>{children}</p>
    </Dialog>
  );
}
