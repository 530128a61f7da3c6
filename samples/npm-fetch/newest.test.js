'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const newest = require('./newest.js');

test('numbers are compared as numbers', () => assert.strictEqual(newest(['1.9.0', '1.10.0'], '^1.2.0'), '1.10.0'));
test('a range excludes the next major version', () => assert.strictEqual(newest(['1.9.0', '2.0.0'], '^1.2.0'), '1.9.0'));
test('there may be none', () => assert.strictEqual(newest(['0.9.0'], '^1.2.0'), null));
