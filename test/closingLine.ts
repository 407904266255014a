import type { Reporter, TestCase } from 'vitest/node';

/** Ends a run with one line that any script can read: `N passed, N failed, N skipped`. */
export default class ClosingLine implements Reporter {
  #counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };

  onTestCaseResult(test: TestCase): void {
    this.#counts[test.result().state]++;
  }

  onTestRunEnd(_modules: unknown, errors: readonly unknown[]): void {
    const { passed, failed, skipped } = this.#counts;
    process.stdout.write(`\n${passed} passed, ${failed + errors.length} failed, ${skipped} skipped\n`);
  }
}
