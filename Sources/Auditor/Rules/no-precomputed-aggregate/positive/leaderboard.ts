export async function GET() {
  const { data } = await supabase.from('tournament_clips').select('id').eq('status', 'active').order('vote_count', { ascending: false }); // expect
  return Response.json(data);
}
