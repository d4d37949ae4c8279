export async function dispatch(jobId: string, keywords: string[]) {
  for (const keyword of keywords) {
    await qstash.publishJSON({ url: workerUrl, body: { jobId, keyword }, retries: 3 });
  }
}
