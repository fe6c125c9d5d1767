-- Runs are counted by automation and status. What was counted before is kept under "other".
update metric_totals set labels = 'automation="other",' || labels
  where name = 'fermata_runs_total' and starts_with(labels, 'status=');
