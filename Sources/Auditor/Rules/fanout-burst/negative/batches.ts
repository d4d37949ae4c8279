export async function dispatch(keywords: string[]) {
  for (let i = 0; i < keywords.length; i += 10) {
    await qstash.publishJSON({ url, delay: (i / 10) * 2, body: keywords.slice(i, i + 10) });
  }
  await inngest.send(keywords.map((keyword) => ({ name: 'scan', data: { keyword } })));
}
