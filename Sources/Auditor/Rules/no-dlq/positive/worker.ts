export const worker = new Worker('scrape', async (job) => work(job.data)); // expect
