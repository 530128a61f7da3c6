import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';

import { createService } from '../src/service.js';

const service = createService();
let base;

before(async () => {
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  base = `http://127.0.0.1:${service.address().port}`;
});
after(() => service.close());

const answers = [
  ['/health', 200, 'ok'],
  ['/hello/World', 200, 'Hello, World!'],
  ['/hello/%ff', 400, 'bad request'],
  ['/', 404, 'not found'],
];
for (const [path, status, text] of answers) {
  test(`${path} answers ${status}`, async () => {
    const answer = await fetch(base + path, { headers: { connection: 'close' } });
    assert.equal(answer.status, status);
    assert.equal(await answer.text(), text);
  });
}
