export async function POST() {
  await supabase.from('story_slots').update({ status: 'locked' }).eq('id', slot.id);
  await supabase.from('tournament_clips').update({ status: 'winner' }).eq('id', slot.winner);
  await supabase.from('story_slots').update({ status: 'voting' }).eq('slot_position', slot.position + 1);
  return Response.json({ ok: true });
}
