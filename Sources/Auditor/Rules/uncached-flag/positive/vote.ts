export async function POST(req: Request) {
  const { data: flag } = await supabase.from('feature_flags').select('enabled').eq('key', 'require_captcha').maybeSingle(); // expect
  const other = await prisma.featureFlag.findUnique({ where: { key: 'multi_vote' } }); // expect
}
