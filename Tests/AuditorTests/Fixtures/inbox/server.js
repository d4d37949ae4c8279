const io = new Server(httpServer, { cors });
io.adapter(createAdapter(pub, sub));
io.on('connection', (socket) => {
  socket.on('join', (companyId) => socket.join(`company:${companyId}`));
});
httpServer.listen(3000);
