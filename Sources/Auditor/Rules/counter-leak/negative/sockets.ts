const sockets = new Map<string, number>();
io.on('connection', (socket) => {
  const user = socket.data.userId;
  sockets.set(user, (sockets.get(user) ?? 0) + 1);
  socket.on('disconnect', () => sockets.set(user, (sockets.get(user) ?? 1) - 1));
});
