io.on('connection', async (socket) => {
  if ((await connectionsPerUser(socket.data.userId)) > 3) return socket.disconnect(true);
});
