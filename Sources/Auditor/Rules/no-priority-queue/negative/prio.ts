export const job = await scanQueue.add('scan', { brandId }, { priority: 1 });
