import { alertmanagerSender, grafanaSender } from './alertmanager';
import { azureSender } from './azure';
import { datadogSender } from './datadog';
import { opsgenieSender } from './opsgenie';
import { pagerdutySender } from './pagerduty';
import { sentrySender } from './sentry';
import type { AlertSender } from './sender';
import { snsSender } from './sns';
import { uptimeKumaSender } from './uptime-kuma';
import { zabbixSender } from './zabbix';

/** All senders that `/ingest/{sender}` accepts. */
export const ALERT_SENDERS: readonly AlertSender[] = [
  ...[alertmanagerSender, grafanaSender, datadogSender, snsSender, zabbixSender, sentrySender],
  ...[pagerdutySender, uptimeKumaSender, azureSender, opsgenieSender],
];
