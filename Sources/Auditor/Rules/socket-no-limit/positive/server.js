io.on('connection', (socket) => { // expect
  socket.join(`company:${socket.handshake.query.companyId}`);
});
