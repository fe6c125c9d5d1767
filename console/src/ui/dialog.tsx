import { X } from 'lucide-react';
import { useEffect, useRef, type FormEvent, type ReactNode } from 'react';
import { Problem } from './page';

interface DialogProps {
  title: string;
  onClose(): void;
  children: ReactNode;
  /** Makes the dialog a form; Enter submits it. */
  onSubmit?(): void;
  submit?: string;
  busy?: boolean;
  danger?: boolean;
  disabled?: boolean;
  error?: unknown;
  wide?: boolean;
}

/** A modal dialog: the browser keeps the focus inside and closes it by Escape. */
export function Dialog(props: DialogProps) {
  const { title, onClose, children, onSubmit, wide = false } = props;
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    if (dialog?.open === false) dialog.showModal();
    return () => dialog?.close();
  }, []);
  const send = (event: FormEvent) => {
    event.preventDefault();
    onSubmit?.();
  };
  return (
    <dialog ref={ref} className={wide ? 'dialog wide' : 'dialog'} aria-label={title} onCancel={onClose}>
      <form onSubmit={send}>
        <header className="panel-head">
          <h2>{title}</h2>
          <button type="button" className="icon" aria-label="Close" onClick={onClose}>
            <X size={14} aria-hidden />
          </button>
        </header>
        <div className="dialog-body">{children}</div>
        {onSubmit !== undefined && <Foot {...props} />}
      </form>
    </dialog>
  );
}

function Foot({ onClose, submit = 'Save', busy = false, danger = false, disabled = false, error }: DialogProps) {
  return (
    <footer className="dialog-foot">
      {error != null && <Problem error={error} />}
      <button type="button" onClick={onClose}>
        Cancel
      </button>
      <button type="submit" className={danger ? 'danger' : 'primary'} disabled={busy || disabled}>
        {busy ? 'Working…' : submit}
      </button>
    </footer>
  );
}
