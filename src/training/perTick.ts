import { ConfigError, invalid } from '../errors.ts';
import type { LayerSpec, ModelSpec } from '../model/spec.ts';
import { whyWindowed } from '../model/wiring.ts';

/**
 * A model that takes one tick at a time, as one that says something at every tick of a window: recurrent layers give sequences.
 * @throws ConfigError for a model that needs complete windows, or passes on a cell state
 */
export function perTick(spec: ModelSpec): ModelSpec {
  const reason = whyWindowed(spec);
  if (reason) throw new ConfigError(invalid('model', spec.name, `one that takes a tick at a time: ${reason}`));
  const kinds = new Map(spec.layers.map(({ name, kind }) => [name, kind]));
  const layers = spec.layers.map((layer): LayerSpec => {
    const from = layer.from?.map(({ layer: name, output }) => {
      const recurrent = ['lstm', 'gru', 'rnn'].includes(kinds.get(name ?? '') ?? '');
      if (output > 1)
        throw new ConfigError(invalid(`model ${layer.name} from`, 'a cell state', 'an output or a state h'));
      // h at its last step, of which there is one a tick
      return { layer: name, output: recurrent ? 0 : output };
    });
    const wired = from ? { ...layer, from } : layer;
    if (wired.kind === 'lstm' || wired.kind === 'gru' || wired.kind === 'rnn') return { ...wired, sequences: true };
    const { name, inputs } = wired;
    // of a single tick the last is that tick
    if (wired.kind === 'last')
      return { ...(from ? { from } : {}), kind: 'activation', activation: 'linear', name, inputs };
    return wired;
  });
  return { ...spec, layers };
}
