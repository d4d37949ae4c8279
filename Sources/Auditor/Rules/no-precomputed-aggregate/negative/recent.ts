export async function GET() {
  const { data } = await supabase.from('clips').select('id').order('created_at', { ascending: false }).limit(20);
  return Response.json(data);
}
