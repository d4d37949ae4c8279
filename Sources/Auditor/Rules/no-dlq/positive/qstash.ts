export const sent = await client.publishJSON({ url, body, retries: 3 }); // expect
