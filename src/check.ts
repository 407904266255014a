/** What a person wrote, checked against a schema: the first fault in the one message style. */
import type { z } from 'zod';
import { ConfigError, invalid } from './errors.ts';
import { redact, SECRET } from './redact.ts';

const STRAY = 'no field of this name';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/**
 * The value with its defaults filled in.
 * @param where how the place of a fault is written: `feed.url` of `serve.yaml` as `serve.yaml: feed.url`
 * @throws ConfigError naming the first field that is wrong, what stands there, and what should
 */
export function check<S extends z.ZodType>(
  schema: S,
  value: unknown,
  where: (path: string, keys: Path) => string = (path) => path,
): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path, found, expected } = fault(result.error.issues[0]!, value, []);
  const place = where(path.map(String).join('.'), path);
  if (expected.startsWith('invalid ')) throw new ConfigError(`${place}: ${expected}`);
  throw new ConfigError(invalid(place, shown(found, path, expected), expected));
}

/** Without what may be secret: of a feed what is sent, what stands in a field whose name is wrong, and what is no feed at all. */
function shown(found: unknown, path: Path, expected: string): unknown {
  const names = path.map(String);
  const sent = names.some((name, i) => name === 'subscribe' || (name === 'headers' && i < names.length - 1));
  const misnamed = names[0] === 'feed' && (expected === STRAY || names.length === 1);
  const hidden = sent || (misnamed && typeof found !== 'number');
  return hidden && found !== undefined ? SECRET : redact(found, names.at(-1) ?? '');
}

/** What zod says where a schema has no message of its own. */
const UNSAID = 'Invalid input';

interface Fault {
  path: Path;
  found: unknown;
  expected: string;
}

function fault(issue: Issue, value: unknown, base: Path): Fault {
  const path = [...base, ...issue.path];
  const found = path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | null | undefined)?.[key],
    value,
  );
  switch (issue.code) {
    case 'unrecognized_keys': {
      const key = issue.keys[0]!;
      const stray = (found as Record<string, unknown>)[key];
      return { path: [...path, key], found: stray, expected: STRAY };
    }
    case 'invalid_union': {
      // The alternative that was meant is the one that has something wrong inside.
      const meant = issue.errors
        .flat()
        .find(({ code, path: within }) => within.length > 0 || code === 'unrecognized_keys' || code === 'custom');
      if (meant) return fault(meant, value, path);
      const each = issue.errors.map(([first]) => fault(first!, value, path).expected);
      return { path, found, expected: issue.message === UNSAID ? each.join(' or ') : issue.message };
    }
    case 'invalid_key': {
      const inner = issue.issues[0];
      return { path: path.slice(0, -1), found: path.at(-1), expected: inner?.message ?? issue.message };
    }
    case 'invalid_type':
      return { path, found, expected: article(issue.expected) };
    case 'invalid_value':
      return { path, found, expected: issue.values.map(String).join('|') };
    case 'too_small':
      return { path, found, expected: `${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}` };
    case 'too_big':
      return { path, found, expected: `${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}` };
    case 'invalid_format':
      return { path, found, expected: `text of the form ${issue.pattern ?? issue.format}` };
    default:
      return { path, found, expected: issue.message };
  }
}

function article(type: string): string {
  const word = type === 'record' ? 'object' : type === 'int' ? 'whole number' : type;
  return `${/^[aeio]/.test(word) ? 'an' : 'a'} ${word}`;
}
