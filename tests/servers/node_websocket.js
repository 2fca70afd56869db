// Node's `ws` as a server: node node_websocket.js PORT FOLDER, where `ws` is installed in FOLDER/node_modules.
// /echo echoes, with permessage-deflate where it is offered; /plain without; /terminate drops the socket at the first
// message, /close?CODE closes with that code, /fragments sends "abc" in three fragments with a PING between.
"use strict";
const { createServer } = require("http");
const { createRequire } = require("module");
const { WebSocketServer } = createRequire(`${process.argv[3]}/`)("ws");

const deflated = new WebSocketServer({ noServer: true, perMessageDeflate: { threshold: 0 } });
const plain = new WebSocketServer({ noServer: true, perMessageDeflate: false });

function talk(socket, request) {
  const url = new URL(request.url, "http://localhost");
  if (url.pathname === "/close") {
    socket.close(Number(url.search.slice(1)), "as you wish");
  } else if (url.pathname === "/fragments") {
    socket.send("a", { fin: false });
    socket.ping("between");
    socket.send("b", { fin: false });
    socket.send("c", { fin: true });
  }
  socket.on("message", (data, isBinary) => {
    if (url.pathname === "/terminate") {
      socket.terminate();
    } else {
      socket.send(data, { binary: isBinary });
    }
  });
}

deflated.on("connection", talk);
plain.on("connection", talk);
createServer()
  .on("upgrade", (request, socket, head) => {
    const server = request.url === "/plain" ? plain : deflated;
    server.handleUpgrade(request, socket, head, (opened) => server.emit("connection", opened, request));
  })
  .listen(Number(process.argv[2]), "127.0.0.1");
