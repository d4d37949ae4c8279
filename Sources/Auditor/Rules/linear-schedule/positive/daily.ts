export const daily = inngest.createFunction({ id: 'daily', onFailure }, { cron: '0 6 * * *' }, async ({ step }) => { // expect
  const { data: brands } = await supabase.from('brands').select('id').eq('active', true).limit(1000);
  for (const brand of brands) await step.sendEvent('scan', { name: 'scan/run', data: brand });
});
