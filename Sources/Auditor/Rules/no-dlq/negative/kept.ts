const worker = new Worker('scrape', async (job) => work(job.data));
worker.on('failed', (job, error) => keep(job, error));
await client.publishJSON({ url, body, failureCallback: `${base}/api/failed` });
inngest.createFunction({ id: 'scan', onFailure: keep }, { event: 'scan/run' }, run);
const parser = new Worker(new URL('./parser.js', import.meta.url));
