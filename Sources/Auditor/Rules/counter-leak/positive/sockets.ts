const sockets = new Map<string, number>();
io.on('connection', (socket) => {
  const user = socket.handshake.auth.userId;
  if ((sockets.get(user) ?? 0) >= 3) return socket.disconnect();
  sockets.set(user, (sockets.get(user) ?? 0) + 1); // expect
});
