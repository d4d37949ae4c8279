io.on('connection', (socket) => { // expect
  socket.on('join', (companyId) => socket.join(companyId));
});
