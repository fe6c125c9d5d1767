import { useState } from 'react';
import { useSearchParams } from '../lib/search';

/** A search field. Enter stores the text in the address, in the parameter `name`. */
export function SearchBox({ label, placeholder, name = 'q' }: { label: string; placeholder: string; name?: string }) {
  const [search, set] = useSearchParams();
  const given = search[name] ?? '';
  return <Box key={given} {...{ label, placeholder, given }} onSearch={(text) => set({ [name]: text })} />;
}

function Box(props: { label: string; placeholder: string; given: string; onSearch(text: string): void }) {
  const [text, setText] = useState(props.given);
  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        props.onSearch(text.trim());
      }}
    >
      <input
        type="search"
        aria-label={props.label}
        placeholder={props.placeholder}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          if (event.target.value === '') props.onSearch('');
        }}
      />
    </form>
  );
}
