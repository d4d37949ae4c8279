export async function GET() {
  const { data } = await supabase
    .from('tournament_clips')
    .select('id, title, vote_count')
    .eq('status', 'active')
    .order('vote_count', { ascending: false });
  return Response.json(data);
}
