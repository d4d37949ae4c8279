export const job = await scanQueue.add('scan', { brandId }); // expect
