import { useMutation } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { queryClient } from '../api/query-client';
import { Problem } from './page';

interface ActionButtonProps {
  children: ReactNode;
  /** Runs when the button is pressed. The lists named in `refresh` are read again afterwards. */
  action(): Promise<unknown>;
  refresh: readonly string[];
  disabled?: boolean;
  title?: string;
  primary?: boolean;
}

/** A button that runs an action immediately and shows an error if the action fails. */
export function ActionButton({
  children,
  action,
  refresh,
  disabled = false,
  title,
  primary = false,
}: ActionButtonProps) {
  const run = useMutation({ mutationFn: action, onSettled: () => refreshAll(refresh) });
  return (
    <>
      <button
        type="button"
        className={primary ? 'primary' : undefined}
        title={title}
        disabled={disabled || run.isPending}
        onClick={() => run.mutate()}
      >
        {children}
      </button>
      {run.error !== null && <Problem error={run.error} />}
    </>
  );
}

/** Returns a mutation that, once it has succeeded, reads the lists named in `refresh` again and then calls `done`. */
export function useSave<Result>(
  refresh: readonly string[],
  send: () => Promise<Result>,
  done: (result: Result) => unknown,
) {
  return useMutation({
    mutationFn: send,
    onSuccess: async (result) => {
      await refreshAll(refresh);
      await done(result);
    },
  });
}

/** Marks the named lists as stale, so that visible lists are read again. */
export async function refreshAll(names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => queryClient.invalidateQueries({ queryKey: [name] })));
}
