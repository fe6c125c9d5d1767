-- The refusals of all changes that one statement marked as routed share a row of the kind "refused": `at` is the
-- `routed_at` of these changes, and `change_id` is the first of them.
alter table routings add column change_ids uuid[];
alter table routings add column refused text;
-- Without the check of the previous releases, which did not allow the new kind.
alter table routings drop constraint routings_kind_check;
-- On the partitioned table alone, which takes no time; "fermata migrate" builds the indexes of existing partitions.
create index routings_refused on only routings (at) where kind = 'refused';
