export const due = inngest.createFunction({ id: 'due', onFailure }, { cron: '* * * * *' }, async ({ step }) => {
  const { data: brands } = await supabase.from('brands').select('id').lt('next_scan_at', now).limit(100);
  await step.sendEvent('scan', brands.map((brand) => ({ name: 'scan/run', data: brand })));
});
