import {
  declareNonReactiveState,
  defineEntity,
  definePlugin,
  FermataError,
  httpFailure,
  json,
  onEntityChanged,
  readRoute,
  registerChangeDeriver,
  z,
} from 'fermata/plugin';

const State = z.strictObject({ condition: z.enum(['calm', 'windy', 'storm']), windKmh: z.number().min(0) });
const Reading = z.strictObject({ station: z.string().min(1), windKmh: z.number().min(0) });
const Service = z.strictObject({
  baseUrl: z.url({ protocol: /^https?$/ }),
  apiKey: z.string().min(1).meta({ 'x-secret': true }),
});
const Forecast = z.object({ station: z.string(), maxWindKmh: z.number() });
const FORECAST_TIMEOUT_MS = 5_000;

const conditionOf = (windKmh) => (windKmh >= 89 ? 'storm' : windKmh >= 39 ? 'windy' : 'calm');

/** Stations as entities: `state.weather.<station>.windKmh`. */
const weather = defineEntity('weather', State, {
  description: 'Wind at a station',
  toPayload: ({ next }) => ({ stormy: next?.condition === 'storm' }),
});

/** The time of a station's last report. Expressions can read it, but its changes trigger nothing. */
const lastReport = declareNonReactiveState('weather-report', z.strictObject({ at: z.string() }), {
  description: 'When a station reported last',
});

const stormStarted = registerChangeDeriver('weather', ({ id, prev, next }) =>
  next?.condition === 'storm' && prev?.condition !== 'storm'
    ? [{ event: 'weather.storm_started', payload: { station: id, windKmh: next.windKmh } }]
    : [],
);

/** `weather.report` writes to Fermata's own tables, in the transaction that ends the step: exactly once. */
const report = {
  id: 'report',
  displayName: 'Report wind',
  description: 'Reads the wind at a station.',
  configSchema: Reading,
  produces: { name: 'reading', schema: State.extend({ station: z.string() }) },
  execution: 'transaction',
  async execute({ config: { station, windKmh }, tx, entities, cause, now }) {
    const state = { condition: conditionOf(windKmh), windKmh };
    await entities.mutate(tx, { kind: 'weather', id: station }, () => state, cause);
    await entities.mutate(tx, { kind: 'weather-report', id: station }, () => ({ at: now.toISOString() }), cause);
    return { artifact: { station, ...state } };
  },
};

/** Makes one call through the guarded HTTP client. */
async function ask(egress, { baseUrl, apiKey }, path, { signal, timeoutMs, now }) {
  const response = await egress.send({
    ...{ url: `${baseUrl}${path}`, method: 'GET', headers: { 'X-Api-Key': apiKey }, signal, timeoutMs },
    sensitiveHeaders: ['X-Api-Key'],
  });
  if (response.status !== 200) throw httpFailure(response, { now });
  return JSON.parse(response.body);
}

/** `weather.forecast` calls a server at least once, with the connection's secret, which is masked everywhere. */
const forecast = (egress) => ({
  id: 'forecast',
  displayName: 'Ask for the forecast',
  description: 'The strongest wind that is expected at a station.',
  configSchema: z.strictObject({ connectionId: z.string(), station: z.string().min(1) }),
  connection: 'weather-service',
  produces: { name: 'forecast', schema: Forecast },
  execution: 'call',
  timeoutMs: () => FORECAST_TIMEOUT_MS,
  async execute({ config: { station }, connection, signal, now }) {
    const call = { signal, now, timeoutMs: FORECAST_TIMEOUT_MS };
    const answer = await ask(egress, connection, `/forecast/${encodeURIComponent(station)}`, call);
    const artifact = Forecast.parse({ station, ...answer });
    return { output: artifact, artifact };
  },
});

const service = (egress) => ({
  id: 'weather-service',
  displayName: 'Weather service',
  configSchema: Service,
  addressFields: ['baseUrl'],
  async test(config, call) {
    const { stations } = await ask(egress, config, '/stations', call);
    return `Connected; it has ${stations.length} stations.`;
  },
  options: {
    async station(config, _given, call) {
      const { stations } = await ask(egress, config, '/stations', call);
      return stations.map((name) => ({ value: name, label: name }));
    },
  },
});

const stationRoute = ({ db, entities }) =>
  readRoute({
    method: 'get',
    path: '/weather/{station}',
    permission: 'automation.read',
    operationId: 'weather.get',
    tag: 'Weather',
    summary: 'The wind at a station',
    params: z.object({ station: z.string() }),
    responses: { 200: { description: 'The wind', schema: State }, 404: { description: 'There is no such station' } },
    async handler({ params: { station } }) {
      const found = await entities.get(db, 'weather', station);
      if (found === null) throw new FermataError('not_found', `There is no station ${station}.`);
      return json(200, found.state);
    },
  });

/** Logs each change of a station's condition. A real plugin would send a notification. */
const heard = onEntityChanged(
  { kind: 'weather', field: 'condition' },
  ({ changeId, id, next }) => console.error(`weather: ${id} is ${next?.condition ?? 'gone'} (${changeId})`),
  { mode: 'work-queue' },
);

export default ({ egress }) =>
  definePlugin({
    id: 'weather',
    entityKinds: [weather, lastReport],
    derivers: [stormStarted],
    triggers: [
      {
        id: 'storm_started',
        displayName: 'Storm started',
        description: 'The wind at a station became a storm.',
        category: 'Weather',
        payloadSchema: z.looseObject({ station: z.string(), windKmh: z.number() }),
        configSchema: z.strictObject({ aboveKmh: z.number().optional() }),
        contextKey: ({ station }) => String(station),
        contextKeyLabel: 'station',
        evaluateConfig: ({ windKmh }, { aboveKmh = 0 }) => Number(windKmh) > Number(aboveKmh),
        holds: {
          entity: ({ station }) => ({ kind: 'weather', id: String(station) }),
          test: (state) => state?.condition === 'storm',
        },
      },
    ],
    actions: [report, forecast(egress)],
    connectionTypes: [service(egress)],
    filters: {
      beaufort: {
        description: 'Force of the wind from km/h',
        apply: (kmh) => Math.min(12, Math.round((Number(kmh) / 3.01) ** (2 / 3))),
      },
    },
    listeners: [heard],
    routes: (deps) => [stationRoute(deps)],
  });
