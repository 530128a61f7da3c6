import { createServer } from 'node:http';

import { greet } from './greeting.js';

/** A server that answers `/health` and `/hello/NAME`; it does not listen yet. */
export function createService() {
  return createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const [status, text] =
      pathname === '/health' ? [200, 'ok']
      : pathname.startsWith('/hello/') ? [200, greet(decodeURIComponent(pathname.slice('/hello/'.length)))]
      : [404, 'not found'];
    response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(text);
  });
}
