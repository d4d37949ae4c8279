export const track = inngest.createFunction({ id: 'track', onFailure, batchEvents: { maxSize: 100, timeout: '5s' } }, { event: 'visit/tracked' }, async ({ events }) => {
  await supabase.from('visits').insert(events.map((event) => event.data));
});
