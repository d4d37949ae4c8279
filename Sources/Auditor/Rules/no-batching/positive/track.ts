export const track = inngest.createFunction({ id: 'track', onFailure }, { event: 'visit/tracked' }, async ({ event }) => { // expect
  await supabase.from('visits').insert({ path: event.data.path });
});
