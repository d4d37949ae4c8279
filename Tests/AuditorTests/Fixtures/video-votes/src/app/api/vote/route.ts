export async function POST(request: Request) {
  const { data: captcha } = await supabase.from('feature_flags').select('enabled').eq('key', 'require_captcha').maybeSingle();
  const { data: multi } = await supabase.from('feature_flags').select('enabled').eq('key', 'multi_vote').maybeSingle();
  const { data: votes } = await supabase.from('votes').select('id').eq('user_id', userId).gte('created_at', today).limit(200);
  const { error } = await supabase.rpc('insert_vote_atomic', { clip_id: clipId, voter_key: voterKey });
  return Response.json({ ok: !error });
}
