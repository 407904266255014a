import { invalid, ModelError } from '../../../errors.ts';
import type { Ref } from './calls.ts';
import type { KerasLayer, KerasModel } from './config.ts';

/** All that feeds a layer. */
function feeds({ call }: KerasLayer): Ref[] {
  return [...call.inputs, ...[...call.tensors.values()].flat()];
}

/**
 * The layers, each after those that feed it, else in the file's order.
 * @throws ModelError naming a layer that feeds itself, or one that leads nowhere
 */
export function inOrder(model: KerasModel, path: string): KerasLayer[] {
  const done = new Set([model.input]);
  const ordered: KerasLayer[] = [];
  let left = model.layers;
  while (left.length > 0) {
    const ready = left.filter((layer) => {
      const fed = feeds(layer).every(({ layer: below }) => done.has(below));
      if (fed) done.add(layer.name);
      return fed;
    });
    if (ready.length === 0) throw unfed(left, model, path);
    ordered.push(...ready);
    left = left.filter(({ name }) => !done.has(name));
  }
  checkNeeded(ordered, model.output, path);
  return ordered;
}

function unfed(left: readonly KerasLayer[], model: KerasModel, path: string): ModelError {
  const names = new Set([model.input, ...model.layers.map(({ name }) => name)]);
  for (const layer of left) {
    const unknown = feeds(layer).find(({ layer: below }) => !names.has(below));
    if (unknown) return new ModelError(invalid(`${path} ${layer.name} input`, unknown.layer, 'a layer of the model'));
  }
  return new ModelError(invalid(`${path} ${left[0]!.name}`, 'a layer that feeds itself', 'a model without cycles'));
}

function checkNeeded(ordered: readonly KerasLayer[], output: Ref, path: string): void {
  const needed = new Set([output.layer]);
  for (const layer of [...ordered].reverse()) {
    if (!needed.has(layer.name)) {
      throw new ModelError(
        invalid(`${path} ${layer.name}`, `a ${layer.kind} layer`, 'layers between input and output only'),
      );
    }
    for (const { layer: below } of feeds(layer)) needed.add(below);
  }
}

/** The one layer that a layer feeds with its first output, Dropout passed over; null where there are others, or none. */
export function onlyUser(layer: KerasLayer, model: KerasModel): KerasLayer | null {
  if (model.output.layer === layer.name) return null;
  const users = model.layers.filter((other) => feeds(other).some(({ layer: below }) => below === layer.name));
  const [user] = users;
  if (users.length !== 1 || feeds(user!).length !== 1) return null;
  return user!.kind === 'Dropout' ? onlyUser(user!, model) : user!;
}
