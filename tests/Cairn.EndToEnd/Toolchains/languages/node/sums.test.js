'use strict';

const assert = require('node:assert');
const test = require('node:test');

const { sum } = require('./sums.js');

test('sums', () => assert.strictEqual(sum([1, 2]), 3));
test('knows ICU', () => assert.strictEqual(new Intl.NumberFormat('de').format(1234.5), '1.234,5'));
