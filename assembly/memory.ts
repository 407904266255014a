// The arena: one instance of the module is one arena. A model asks for all it needs at load and nothing afterwards; to
// drop a model, drop the instance. Dimension letters, the same in every kernel:
//
//   B  branches: worlds stepped at once. Slot 0 is the world as observed, every other one a counterfactual.
//   R  distinct input rows of a tick: row 0 as observed, the others with something occluded
//   n  branches that are alive and stepped now; `slots` names them
//   F  features, the inputs of the model        I  inputs of a layer
//   H  hidden units        O  outputs           K  window, past ticks explained
//   pad(x)  x rounded up to a multiple of 4, the lanes of one vector; padded units have zero weights and feed nothing

/** Pointer to the first of a row of f32. */
export type Floats = usize;
/** Pointer to the first of a row of i32. */
export type Ints = usize;

let top: usize = 0;

/**
 * `bytes` of zeroed memory, aligned to 16. Never freed.
 * Memory may grow here, which detaches every view: make views after the last alloc.
 */
export function alloc(bytes: usize): usize {
  if (top == 0) top = (__heap_base + 15) & ~15;
  const at = top;
  top = (at + bytes + 15) & ~15;
  const pages = <i32>((top + 0xffff) >>> 16) - memory.size();
  if (pages > 0 && memory.grow(pages) < 0) unreachable();
  return at;
}

/** x rounded up to a multiple of 4. */
export function pad(x: i32): i32 {
  return (x + 3) & ~3;
}
