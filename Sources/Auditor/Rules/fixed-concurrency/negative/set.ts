export const worker = new Worker('scan', run, { connection, concurrency: Number(process.env.SCAN_WORKERS) });
worker.on('failed', keep);
