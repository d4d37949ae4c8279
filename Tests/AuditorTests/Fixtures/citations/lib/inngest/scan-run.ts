export const scanRun = inngest.createFunction(
  { id: 'scan-run', concurrency: { limit: 5 } },
  { event: 'scan/run' },
  async ({ event }) => {
    const { data: brand } = await supabase.from('brands').select('id, name').eq('id', event.data.brandId).single();
    const { data: queries } = await supabase.from('queries').select('id, text').eq('brand_id', event.data.brandId).eq('is_active', true).limit(100);
    const { data: competitors } = await supabase.from('competitors').select('id').eq('brand_id', event.data.brandId).limit(10);
    return scan(brand, queries, competitors);
  },
);
export const daily = inngest.createFunction({ id: 'daily-scan' }, { cron: '0 6 * * *' }, async ({ step }) => {
  const { data: brands } = await supabase.from('brands').select('id').eq('active', true).limit(10000);
  for (const brand of brands) await step.sendEvent('scan', { name: 'scan/run', data: { brandId: brand.id } });
});
export const tracked = inngest.createFunction({ id: 'tracked', onFailure: keep }, { event: 'visit/tracked' }, async ({ event }) => {
  await supabase.from('visits').insert({ path: event.data.path });
});
