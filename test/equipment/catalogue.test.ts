/** The facts that chapter 06 names, held against those that the slices of equipment give. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stepFacts } from '../../shared/reservations/model.ts';
import { equipmentFacts } from '../support/equipment-facts.ts';

const steps = new Set<string>(Object.values(stepFacts));

/** The sources that decide, models aside: there every fact is declared, given or not. */
const deciding = ['equipment', 'reservations', 'maintenance', 'damage']
  .flatMap((slice) => readdirSync(join('shared', slice)).map((name) => join('shared', slice, name)))
  .filter((path) => path.endsWith('.ts') && !path.endsWith('model.ts'))
  .map((path) => readFileSync(path, 'utf8'))
  .join('\n');

test.each(equipmentFacts)('REQ-EQP-111 %s is given by some rule', (type) => {
  expect(steps.has(type) || deciding.includes(`'${type}'`)).toBe(true);
});
