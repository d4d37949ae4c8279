export async function GET() {
  const userId = await viewer();
  const { data } = await supabase.from('scan_results').select('id').eq('brand_id', brandId).order('scanned_at', { ascending: false }).limit(50);
  return Response.json(data);
}
