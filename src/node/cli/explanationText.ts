import type { PlayerValue } from '../../methods/index.ts';
import type { WindowExplanation } from '../../offline/explain.ts';
import type { Prepared } from '../prepare.ts';
import { short, table, when } from './table.ts';

/** Rows of a table for people, the strongest ones. */
const SHOWN = 12;

/** An explanation for people: what the model says, what it would say at the baseline, and what counted most. */
export function explanationText(
  e: WindowExplanation,
  { method, baseline }: { method: string; baseline: string },
  prepared: Prepared,
): string {
  const { spec, data } = prepared;
  const label = (k: number): string => {
    const { row } = e.ticks[k]!;
    return data.time === null ? String(row.index) : when(row.time);
  };
  const last = e.ticks.at(-1)!.row;
  const at = data.time === null ? `row ${last.index}` : `row ${last.index} (${when(last.time)})`;
  const head = [
    `${spec.name} at ${at}: ${spec.outputs[e.target]} = ${short(e.output)}`,
    `${short(e.baselineOutput)} if all ${e.window} ticks were at their baseline (${baseline})`,
  ];
  return [...head, '', ...body(e, method, prepared.columns, label), ...foot(e)].join('\n');
}

type Label = (k: number) => string;

function body(e: WindowExplanation, method: string, columns: string[], label: Label): string[] {
  if (e.counterfactual !== undefined) return counterfactual(e, method, columns, label);
  if (e.attention) return attention(e, method, label);
  const said = `${method}: positive pushed the output up`;
  if (e.values || e.events) return [said, cells(e, columns, label)];
  return [said, players(e.players ?? [], columns, label)];
}

/** The strongest ticks, newest last, with what each of their values did. */
function cells(e: WindowExplanation, columns: string[], label: Label): string {
  const F = columns.length;
  const row = (k: number): number[] => (e.values ? Array.from(e.values.subarray(k * F, (k + 1) * F)) : []);
  const strength = (k: number): number =>
    e.events ? Math.abs(e.events[k]!) : row(k).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const error = (k: number): string[] => (e.events && e.standardError ? [`± ${short(e.standardError[k]!)}`] : []);
  const lines = strongest(e.window, strength)
    .sort((a, b) => a - b)
    .map((k) => [label(k), ...(e.events ? [short(e.events[k]!)] : []), ...error(k), ...row(k).map(short)]);
  const header = [
    'tick',
    ...(e.events ? ['whole tick'] : []),
    ...(e.events && e.standardError ? ['error'] : []),
    ...(e.values ? columns : []),
  ];
  return `${table(header, lines, '<')}${more(e.window, 'ticks')}`;
}

function players(list: readonly PlayerValue[], columns: string[], label: Label): string {
  const name = ({ ticks, features }: PlayerValue): string => {
    const span = ticks.length === 1 ? label(ticks[0]!) : `${label(ticks[0]!)} to ${label(ticks.at(-1)!)}`;
    const whose = features.map((f) => columns[f]).join(', ');
    if (features.length === columns.length) return span;
    return ticks.length === 1 ? `${span} ${whose}` : `${whose}, ${span}`;
  };
  const lines = strongest(list.length, (i) => Math.abs(list[i]!.value)).map((i) => {
    const { value, standardError } = list[i]!;
    return [name(list[i]!), short(value), standardError === undefined ? '' : `± ${short(standardError)}`];
  });
  return `${table(['player', 'value', ''], lines, '<><')}${more(list.length, 'players')}`;
}

function attention(e: WindowExplanation, method: string, label: Label): string[] {
  const heads = e.attention!;
  const lines = strongest(e.window, (k) => Math.max(...heads.map((head) => head[k]!)))
    .sort((a, b) => a - b)
    .map((k) => [label(k), ...heads.map((head) => short(head[k]!))]);
  const header = ['tick', ...heads.map((_, i) => (heads.length === 1 ? 'weight' : `head ${i}`))];
  return [`${method}: weights of the last query`, `${table(header, lines, '<')}${more(e.window, 'ticks')}`];
}

function counterfactual(e: WindowExplanation, method: string, columns: string[], label: Label): string[] {
  const found = e.counterfactual;
  if (!found) return [`${method}: none was found`];
  const F = columns.length;
  const lines = Array.from(found.values, (value, at) => ({
    value,
    at,
    before: e.ticks[Math.floor(at / F)]!.x[at % F]!,
  }))
    .filter(({ value, before }) => value !== before)
    .map(({ value, at, before }) => [label(Math.floor(at / F)), columns[at % F]!, short(before), short(value)]);
  return [`${method}: ${short(found.output)} with`, table(['tick', 'feature', 'was', 'would be'], lines, '<<>>')];
}

function foot(e: WindowExplanation): string[] {
  return [
    ...(e.completenessGap === undefined ? [] : [`completeness gap ${short(e.completenessGap)}`]),
    ...(e.stateRelevance === undefined ? [] : [`relevance of the state before the window ${short(e.stateRelevance)}`]),
    ...(e.r2 === undefined ? [] : [`R2 of the surrogate ${short(e.r2)}`]),
  ];
}

/** Numbers of the strongest of n, strongest first. */
function strongest(n: number, strength: (i: number) => number): number[] {
  return Array.from({ length: n }, (_, i) => i)
    .sort((a, b) => strength(b) - strength(a))
    .slice(0, SHOWN);
}

function more(n: number, what: string): string {
  return n > SHOWN ? `\n(the ${SHOWN} strongest of ${n} ${what}; --json gives all)` : '';
}
