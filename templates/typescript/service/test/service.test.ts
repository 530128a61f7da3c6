import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';

import { createService } from '../src/service.js';

const service = createService();
let base = '';

before(async () => {
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  base = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
});
after(() => {
  service.close();
});

test('it greets', async () => {
  const answer = await fetch(`${base}/hello/World`, { headers: { connection: 'close' } });
  assert.equal(answer.status, 200);
  assert.equal(await answer.text(), 'Hello, World!');
});

test('it knows nothing else', async () => {
  const answer = await fetch(base, { headers: { connection: 'close' } });
  assert.equal(answer.status, 404);
});

test('it refuses what is no text', async () => {
  const answer = await fetch(`${base}/hello/%ff`, { headers: { connection: 'close' } });
  assert.equal(answer.status, 400);
});
