-- The timers of those that are due soonest are started first.
create index dwells_unstarted_due on dwells (fires_at, id) where status = 'armed' and started_at is null;
drop index dwells_unstarted;
