export async function dispatch(keywords: string[]) {
  for (const keyword of keywords) {
    await qstash.publishJSON({ url, body: { keyword } }); // expect
  }
  await Promise.all(keywords.map((keyword) => inngest.send({ name: 'scan', data: { keyword } }))); // expect
}
