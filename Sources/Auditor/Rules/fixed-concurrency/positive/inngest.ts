export const scan = inngest.createFunction({ id: 'scan', onFailure, concurrency: { limit: 5 } }, { event: 'scan' }, run); // expect
