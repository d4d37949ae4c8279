export async function GET() {
  const userId = await viewer();
  const [least, recent] = await Promise.all([
    supabase.from('tournament_clips').select('id').eq('status', 'active').order('view_count', { ascending: true }).limit(10),
    supabase.from('tournament_clips').select('id').eq('status', 'active').order('created_at', { ascending: false }).limit(10),
  ]);
  return Response.json({ least, recent });
}
