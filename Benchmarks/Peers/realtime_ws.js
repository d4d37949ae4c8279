// The server of sockets of Node.js's ws: every socket is sent whatever is posted to PORT + 1.
const http = require("http");
const { WebSocketServer } = require("ws");

const port = Number(process.argv[2]);
const server = http.createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false, clientTracking: true });
server.listen(port, "127.0.0.1", 4096);
http.createServer((request, response) => {
  if (request.method === "GET") return response.end();
  let body = "";
  request.on("data", part => { body += part; });
  request.on("end", () => {
    for (const socket of sockets.clients) socket.send(body);
    response.writeHead(204).end();
  });
}).listen(port + 1, "127.0.0.1");
