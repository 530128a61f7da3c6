import assert from 'node:assert/strict';
import { test } from 'node:test';

import { greet } from '../src/greeting.js';

test('greet names who is greeted', () => {
  assert.equal(greet('World'), 'Hello, World!');
  assert.equal(greet(''), 'Hello, !');
});
