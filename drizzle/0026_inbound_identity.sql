-- What a sender's message said, so that a repeat of its key with other content can be told from a repeat.
alter table dedup_keys add column content_hash text;

-- How a hook's signature is made, which header names the delivery, and which headers stay hidden.
alter table hooks add column options jsonb not null default '{}';

-- The API checks the scheme: the list of schemes grows with the vendors.
alter table hooks drop constraint hooks_scheme;
