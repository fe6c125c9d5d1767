import jexl from 'jexl';
import { Liquid } from 'liquidjs';
import { evaluate } from '../src/domain/expressions/evaluate';
import { parseExpression, parseRange } from '../src/domain/expressions/parse';
import { truthy } from '../src/domain/expressions/truthy';

const SECONDS = 1;
const EXPRESSION = 'trigger.payload.newStatus == "unhealthy" && !health.system.in_maintenance';
/** An expression of exactly 100 characters, for the parsers of Fermata and Jexl. */
const LONG = 'trigger.payload.newStatus == "unhealthy" && !health.system.in_maintenance && variables.limit > 12345';
/** A Liquid template of similar length. */
const LIQUID_LONG =
  '{% if trigger.payload.newStatus == "unhealthy" and in_maintenance == false and variables.limit > 1 %}1{% endif %}';
/** EXPRESSION as a Liquid template. */
const LIQUID =
  '{% if trigger.payload.newStatus == "unhealthy" and health.system.in_maintenance == false %}true{% endif %}';

const scope = {
  trigger: { event: 'healthcheck.system_health_changed', payload: { systemId: 'db-1', newStatus: 'unhealthy' } },
  health: { system: { status: 'unhealthy', in_maintenance: false, in_status_for_ms: 125_000 } },
  variables: { limit: 20_000 },
  now: '2026-11-23T11:00:00.000Z',
};

interface Row {
  readonly what: string;
  readonly perSecond: number;
  readonly target?: number;
}

/** Returns the calls per second, measured for about one second after a warm-up. */
function rate(call: () => unknown): number {
  const until = (end: number): number => {
    let calls = 0;
    while (performance.now() < end) {
      for (let index = 0; index < 200; index += 1) call();
      calls += 200;
    }
    return calls;
  };
  until(performance.now() + 300);
  const start = performance.now();
  const calls = until(start + SECONDS * 1000);
  return Math.round((calls * 1000) / (performance.now() - start));
}

function measure(): Row[] {
  const ours = parseExpression(EXPRESSION);
  const theirs = jexl.compile(EXPRESSION);
  const liquid = new Liquid();
  const template = liquid.parse(LIQUID);
  const results = [
    truthy(evaluate(ours, scope)),
    theirs.evalSync(scope) === true,
    liquid.renderSync(template, scope) === 'true',
  ];
  if (results.includes(false) || LONG.length !== 100) throw new Error(`The three disagree: ${results.join(', ')}`);
  return [
    { what: 'evaluate  fermata', perSecond: rate(() => truthy(evaluate(ours, scope))), target: 300_000 },
    { what: 'evaluate  jexl', perSecond: rate(() => theirs.evalSync(scope)) },
    { what: 'evaluate  liquidjs', perSecond: rate(() => liquid.renderSync(template, scope) as unknown) },
    { what: 'parse     fermata', perSecond: rate(() => parseRange(LONG, 0, LONG.length)), target: 20_000 },
    { what: 'parse     jexl', perSecond: rate(() => jexl.compile(LONG)) },
    { what: 'parse     liquidjs', perSecond: rate(() => liquid.parse(LIQUID_LONG)) },
  ];
}

/**
 * Prints how many times per second one core evaluates a parsed condition, and how many times it parses about 100
 * characters without a cache.
 */
function main(): void {
  console.log(`${EXPRESSION}\n`);
  for (const { what, perSecond, target } of measure()) {
    const verdict =
      target === undefined
        ? ''
        : `  target ${target.toLocaleString('en-US')}: ${perSecond >= target ? 'met' : 'MISSED'}`;
    console.log(`${what.padEnd(20)} ${perSecond.toLocaleString('en-US').padStart(12)} /s${verdict}`);
  }
}

main();
