export const scan = inngest.createFunction({ id: 'scan' }, { event: 'scan/run' }, async ({ event }) => run(event)); // expect
