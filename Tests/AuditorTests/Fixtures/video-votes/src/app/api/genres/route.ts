export async function GET() {
  const { data } = await supabase.from('genres').select('id, name').limit(50);
  return Response.json(data);
}
