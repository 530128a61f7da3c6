import { createServer, type Server } from 'node:http';

import { greet } from './greeting.js';

/** What a path is answered with: a status and a text. */
function answer(path: string): [status: number, text: string] {
  if (path === '/health') {
    return [200, 'ok'];
  }
  if (path.startsWith('/hello/')) {
    try {
      return [200, greet(decodeURIComponent(path.slice('/hello/'.length)))];
    } catch (error) {
      if (error instanceof URIError) {
        return [400, 'bad request'];
      }
      throw error;
    }
  }
  return [404, 'not found'];
}

/** A server that answers `/health` and `/hello/NAME`; it does not listen yet. */
export function createService(): Server {
  return createServer((request, response) => {
    const [status, text] = answer(new URL(request.url ?? '/', 'http://localhost').pathname);
    response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(text);
  });
}
