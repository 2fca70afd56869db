// An HTTP server by somebody else's implementation, for tests: `node node.js PORT`.
// GET /chunked, /trailers, /early-hints, /until-close, /delay (2 s); anything else answers what it was sent, as JSON.
'use strict';
const http = require('http');

const pages = {
  '/chunked': (_request, response) => {
    response.write('one,');
    setTimeout(() => response.end('two'), 20);
  },
  '/trailers': (_request, response) => {
    response.writeHead(200, { Trailer: 'X-Checksum' });
    response.write('body');
    response.addTrailers({ 'X-Checksum': 'abc' });
    response.end();
  },
  '/early-hints': (_request, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
    response.end('after the hints');
  },
  '/until-close': (_request, response) => {
    response.useChunkedEncodingByDefault = false;
    response.removeHeader('Transfer-Encoding');
    response.writeHead(200, { Connection: 'close' });
    response.end('the end of the connection is the end of the body');
  },
  '/delay': (_request, response) => setTimeout(() => response.end('late'), 2000),
};

function echo(request, response) {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const body = Buffer.concat(parts);
    const answer = JSON.stringify({
      method: request.method,
      url: request.url,
      version: request.httpVersion,
      headers: request.rawHeaders,
      trailers: request.rawTrailers,
      body: body.toString('latin1'),
    });
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(answer) });
    response.end(answer);
  });
}

http
  .createServer((request, response) => (pages[request.url] || echo)(request, response))
  .listen(Number(process.argv[2]), '127.0.0.1');
