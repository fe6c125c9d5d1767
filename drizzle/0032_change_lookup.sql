-- Lists of changes by entity and by event, newest first. On the partitioned table alone, which takes no time; "fermata
-- migrate" builds the indexes of the days that exist already, concurrently, and attaches them.
create index changes_entity on only changes (entity_id, seq);
create index changes_event on only changes (kind, event, seq);
