const perUser = new Map<string, number>();
io.on('connection', (socket) => {
  const user = socket.handshake.auth.userId;
  if ((perUser.get(user) ?? 0) >= 3) return socket.disconnect(true);
  perUser.set(user, (perUser.get(user) ?? 0) + 1);
});
