server.listen(3000, () => ready()); // expect
