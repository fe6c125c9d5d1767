-- What enforces the limits of scripts in a worker process, cgroup or rlimit; null = one that does not announce it.
alter table workers add column script_limits text;
