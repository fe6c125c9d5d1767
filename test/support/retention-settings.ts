const DAY_MS = 86_400_000;

/** Retention settings for tests. */
export const RETENTION_SETTINGS = {
  runsMs: 30 * DAY_MS,
  runsMinPerAutomation: 3,
  transitionsMs: 90 * DAY_MS,
  changesMs: 7 * DAY_MS,
  routingsMs: 3 * DAY_MS,
  notificationsMs: 90 * DAY_MS,
  incidentsMs: 730 * DAY_MS,
  versionsMinPerAutomation: 2,
  alertsMs: 30 * DAY_MS,
};
