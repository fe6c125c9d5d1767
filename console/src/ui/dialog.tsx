import { X } from 'lucide-react';
import { useLayoutEffect, useRef, type FormEvent, type ReactNode } from 'react';
import { Problem } from './page';

interface DialogProps {
  title: string;
  onClose(): void;
  children: ReactNode;
  /** Turns the dialog into a form that runs this mutation when it is submitted. */
  form?: { isPending: boolean; error: unknown; mutate(): void };
  submit?: string;
  /** Text of the button that closes the dialog without submitting it. Default: Cancel. */
  dismiss?: string;
  danger?: boolean;
  disabled?: boolean;
  wide?: boolean;
}

/**
 * A modal dialog. The browser keeps the focus inside, and closes the dialog on Escape. The focus starts at the first
 * field, and returns to the element that had it before when the dialog closes.
 */
export function Dialog(props: DialogProps) {
  const { title, onClose, children, form, wide = false } = props;
  const ref = useRef<HTMLDialogElement>(null);
  // A layout effect, because the browser returns the focus only if the dialog is closed before it is removed.
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (dialog?.open === false) dialog.showModal();
    if (dialog !== null) firstControl(dialog)?.focus();
    return () => dialog?.close();
  }, []);
  const send = (event: FormEvent) => {
    event.preventDefault();
    form?.mutate();
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
        {form !== undefined && <Foot {...props} form={form} />}
      </form>
    </dialog>
  );
}

/** Returns the first field, else the first button, else the button that closes the dialog without submitting it. */
function firstControl(dialog: HTMLDialogElement): HTMLElement | null {
  const find = (selector: string) => dialog.querySelector<HTMLElement>(selector);
  return (
    find('.dialog-body :is(input, select, textarea):enabled') ?? find(':is(.dialog-body, .dialog-foot) button:enabled')
  );
}

type FootProps = DialogProps & Required<Pick<DialogProps, 'form'>>;

function Foot({ onClose, submit = 'Save', dismiss = 'Cancel', form, danger = false, disabled = false }: FootProps) {
  return (
    <footer className="dialog-foot">
      {form.error != null && <Problem error={form.error} />}
      <button type="button" onClick={onClose}>
        {dismiss}
      </button>
      <button type="submit" className={danger ? 'danger' : 'primary'} disabled={form.isPending || disabled}>
        {form.isPending ? 'Working…' : submit}
      </button>
    </footer>
  );
}
