export { Machine, type MachineOptions, type Pulse } from './machine.ts';
export { type RuleConfig, ruleSchema } from './rule.ts';
