export const worker = new Worker('scan', run, { connection, concurrency: 5 }); // expect
worker.on('failed', keep);
