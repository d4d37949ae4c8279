io.use(async (socket, next) => next((await getToken(socket)) ? undefined : new Error('no')));
io.on('connection', (socket) => socket.join(socket.data.companyId));
